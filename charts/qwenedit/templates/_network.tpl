{{/* Networks: the operator's certificate authority, and the families of the Services. */}}
{{- define "qwenedit.caConfigMap" -}}
{{- tpl ((.Values.trustedCa).existingConfigMap | default "") . }}
{{- end }}

{{/* Settings by which a process trusts the operator's CA. OpenSSL trusts it beside the system's; the exporter of traces
     trusts nothing else. */}}
{{- define "qwenedit.caConfig" -}}
{{- if include "qwenedit.caConfigMap" . }}
SSL_CERT_FILE: /etc/qwenedit/ca/ca.crt
{{- if hasPrefix "https:" (tpl .Values.monitoring.traces.endpoint .) }}
OTEL_EXPORTER_OTLP_CERTIFICATE: /etc/qwenedit/ca/ca.crt
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.caEnv" -}}
{{- if include "qwenedit.caConfigMap" . }}
- {name: SSL_CERT_FILE, value: /etc/qwenedit/ca/ca.crt}
{{- end }}
{{- end }}

{{- define "qwenedit.caVolume" -}}
{{- with include "qwenedit.caConfigMap" . }}
- name: ca
  configMap:
    name: {{ . }}
    items: [{key: {{ $.Values.trustedCa.key }}, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "qwenedit.caMount" -}}
{{- if include "qwenedit.caConfigMap" . }}
- {name: ca, mountPath: /etc/qwenedit/ca, readOnly: true}
{{- end }}
{{- end }}

{{/* A Service's spec. Takes root, part, name (of its port and the container's), port and, if it is HTTP, appProtocol. */}}
{{- define "qwenedit.service" -}}
{{- with .root.Values.ipFamilies }}
ipFamilyPolicy: {{ ternary "SingleStack" "RequireDualStack" (eq (len .) 1) }}
ipFamilies: {{ toJson . }}
{{- end }}
ports:
  - {name: {{ .name }}, port: {{ .port }}, targetPort: {{ .name }}, protocol: TCP{{ with .appProtocol }}, appProtocol: {{ . }}{{ end }}}
selector:
  {{- include "qwenedit.selector" . | nindent 2 }}
{{- end }}

{{/* Kubernetes changes neither a Service's first family nor the addresses that follow from it. */}}
{{- define "qwenedit.guards.network" -}}
{{- $name := include "qwenedit.fullname" . }}
{{- $services := dict "redis" .Values.redis.enabled "comfyui" (eq .Values.comfyui.placement "standalone") "bot" (eq .Values.bot.mode "webhook") }}
{{- with .Values.ipFamilies }}
{{- range $part, $made := $services }}
{{- $service := printf "%s-%s" $name $part }}
{{- $known := ternary (include "qwenedit.existing" (dict "root" $ "version" "v1" "kind" "Service" "name" $service) | fromJson) dict $made }}
{{- $before := dig "spec" "ipFamilies" list $known | first | default (first $.Values.ipFamilies) }}
{{- if ne $before (first $.Values.ipFamilies) }}
{{- fail (printf "ipFamilies starts with %s, but the Service %s has %s, and Kubernetes does not change that: put %s first, or delete the Service (kubectl -n %s delete service %s) and upgrade again" (first $.Values.ipFamilies) $service $before $before $.Release.Namespace $service) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
