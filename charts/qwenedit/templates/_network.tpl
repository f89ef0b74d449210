{{/* Networks: the operator's certificate authority and proxy, and the families of the Services. */}}
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

{{/* Whether a part's pods send anything to the proxy. Workers and the test do so for a bucket, and workers for traces: they have
     no way to the internet otherwise. Takes root and part. */}}
{{- define "qwenedit.proxied" -}}
{{- $bucket := include "qwenedit.picturesInBucket" .root }}
{{- $traces := hasPrefix "https:" (tpl .root.Values.monitoring.traces.endpoint .root) }}
{{- $wants := dict "bot" true "models" true "worker" (or $bucket $traces) "test" $bucket }}
{{- if and (.root.Values.proxy).url (get $wants .part) }}true{{ end }}
{{- end }}

{{/* Without HTTP_PROXY: an http:// address is one of the cluster's own. Takes root and part. */}}
{{- define "qwenedit.proxyEnv" -}}
{{- if include "qwenedit.proxied" . }}
{{- $proxy := .root.Values.proxy }}
- name: HTTPS_PROXY
  {{- if $proxy.existingSecret }}
  valueFrom: {secretKeyRef: {name: {{ tpl $proxy.existingSecret .root }}, key: url}}
  {{- else }}
  value: {{ tpl $proxy.url .root | quote }}
  {{- end }}
- {name: NO_PROXY, value: {{ concat (list "localhost" "127.0.0.1" "::1" ".svc" ".cluster.local") $proxy.noProxy | join "," | quote }}}
{{- end }}
{{- end }}

{{- define "qwenedit.proxyEgress" -}}
{{- if include "qwenedit.proxied" . }}
{{ include "qwenedit.egress" (dict "url" (tpl .root.Values.proxy.url .root)) }}
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
{{- with .Values.proxy }}
{{- if and .url (not (regexMatch "^http://[^/@ ]+/?$" (tpl .url $))) }}
{{- fail "proxy.url must be http://HOST:PORT: put an address with user and password into a Secret under the key url, and name that in proxy.existingSecret" }}
{{- end }}
{{- if and (or .existingSecret .noProxy) (not .url) }}
{{- fail "proxy.existingSecret or proxy.noProxy is set without proxy.url: set proxy.url to the proxy's address without user and password, such as http://out.example.com:3128" }}
{{- end }}
{{- end }}
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
