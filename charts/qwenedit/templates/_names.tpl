{{- define "qwenedit.name" -}}
{{- tpl .Values.nameOverride . | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Object names: release and chart, cut so that "-comfyui" and a hash still fit into 63 characters. */}}
{{- define "qwenedit.fullname" -}}
{{- $name := include "qwenedit.name" . }}
{{- $full := tpl .Values.fullnameOverride . | default (ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name)) }}
{{- $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "qwenedit.botSecret" -}}
{{- tpl .Values.bot.token.existingSecret . | default (printf "%s-bot" (include "qwenedit.fullname" .)) }}
{{- end }}

{{- define "qwenedit.webhookSecret" -}}
{{- tpl .Values.bot.webhook.existingSecret . | default (printf "%s-webhook" (include "qwenedit.fullname" .)) }}
{{- end }}

{{- define "qwenedit.modelsClaim" -}}
{{- tpl .Values.models.claim.existingClaim . | default (printf "%s-models" (include "qwenedit.fullname" .)) }}
{{- end }}

{{- define "qwenedit.botServiceAccount" -}}
{{- tpl .Values.bot.serviceAccount.name . | default (printf "%s-bot" (include "qwenedit.fullname" .)) }}
{{- end }}

{{- define "qwenedit.workerServiceAccount" -}}
{{- tpl ((.Values.worker.serviceAccount).name | default "") . | default (printf "%s-worker" (include "qwenedit.fullname" .)) }}
{{- end }}

{{/* What never changes about a part's pods. Takes root and part. */}}
{{- define "qwenedit.selector" -}}
app.kubernetes.io/name: {{ include "qwenedit.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{/* Labels of a part's objects. Takes root, part and, where it is not the chart's, version. */}}
{{- define "qwenedit.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "qwenedit.podLabels" . }}
{{- end }}

{{/* Labels of a part's pods: without the chart's version, which would restart them at each upgrade of the chart. */}}
{{- define "qwenedit.podLabels" -}}
{{ include "qwenedit.selector" . }}
app.kubernetes.io/version: {{ .version | default .root.Chart.AppVersion | toString | trunc 63 | quote }}
app.kubernetes.io/part-of: qwenedit
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}
