{{/* Object names: release and chart, cut so that "-comfyui" and a hash still fit into 63 characters. */}}
{{- define "qwenedit.fullname" -}}
{{- $full := tpl .Values.fullnameOverride . | default (ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name)) }}
{{- $full | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "qwenedit.botSecret" -}}
{{- tpl .Values.bot.token.existingSecret . | default (printf "%s-bot" (include "qwenedit.fullname" .)) }}
{{- end }}

{{- define "qwenedit.modelsClaim" -}}
{{- tpl .Values.models.claim.existingClaim . | default (printf "%s-models" (include "qwenedit.fullname" .)) }}
{{- end }}

{{/* What never changes about a part's pods. Takes root and part. */}}
{{- define "qwenedit.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{/* Labels of a part's objects. Takes root, part and, where it is not the chart's, version. */}}
{{- define "qwenedit.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "qwenedit.podLabels" . }}
{{- end }}

{{/* Labels of a part's pods: without the chart's version, which would restart them at each upgrade of the chart. Takes pod,
     what the values say of it, as well. */}}
{{- define "qwenedit.podLabels" -}}
{{ include "qwenedit.selector" . }}
app.kubernetes.io/version: {{ .version | default .root.Chart.AppVersion | toString | trunc 63 | quote }}
app.kubernetes.io/part-of: qwenedit
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with merge dict ((.pod).labels | default dict) (.root.Values.commonLabels | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* An object as the cluster has it, in JSON: empty where there is none, or no cluster (Argo CD, helm template). Takes root,
     version, kind and name. */}}
{{- define "qwenedit.existing" -}}
{{- lookup .version .kind .root.Release.Namespace .name | default dict | toJson }}
{{- end }}

{{/* Thousandths of a quantity of Kubernetes, which CPUs are given in; empty: it is not read. */}}
{{- define "qwenedit.thousandths" -}}
{{- $quantity := toString . }}
{{- if regexMatch "^[0-9.]+(m|[kMGT]|[KMGT]i)?$" $quantity }}
{{- $units := dict "m" 1 "" 1e3 "k" 1e6 "M" 1e9 "G" 1e12 "T" 1e15 "Ki" 1024e3 "Mi" 1048576e3 "Gi" 1073741824e3 "Ti" 1099511627776e3 }}
{{- mulf (regexFind "^[0-9.]+" $quantity | float64) (get $units (regexFind "[A-Za-z]*$" $quantity)) | int64 }}
{{- end }}
{{- end }}
