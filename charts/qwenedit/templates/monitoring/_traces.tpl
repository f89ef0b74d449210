{{/* What bot and worker export traces with, in OpenTelemetry's own variables. Takes root and part. Pod, node and
     namespace reach them by `qwenedit.whereEnv`, the version by what is installed. */}}
{{- define "qwenedit.tracesConfig" -}}
{{- $traces := .root.Values.monitoring.traces }}
{{- with $traces.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ tpl . $.root | quote }}
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ $traces.sampleRatio | toString | quote }}
{{- $attributes := list (printf "k8s.container.name=%s" $.part) (printf "k8s.deployment.name=%s-%s" (include "qwenedit.fullname" $.root) $.part) }}
{{- range $name, $value := $traces.resourceAttributes }}
{{- $attributes = append $attributes (printf "%s=%s" $name (tpl $value $.root | urlquery | replace "+" "%20")) }}
{{- end }}
OTEL_RESOURCE_ATTRIBUTES: {{ join "," $attributes | quote }}
{{- end }}
{{- end }}

{{- define "qwenedit.tracesEnv" -}}
{{- with .Values.monitoring.traces.headers }}
{{- if .existingSecret }}
- name: OTEL_EXPORTER_OTLP_HEADERS
  valueFrom:
    secretKeyRef:
      name: {{ tpl .existingSecret $ }}
      key: headers
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.tracesEgress" -}}
{{- if .Values.monitoring.traces.endpoint }}
{{ include "qwenedit.egress" (dict "url" (tpl .Values.monitoring.traces.endpoint .) "to" .Values.networkPolicy.collectorTo) }}
{{- end }}
{{- end }}
