{{/* One alert of alerts.yaml, where it is wanted. Takes root, alert, expressions and words; severity, `for`, threshold and
     whether it is wanted may be set by `monitoring.alerts.rules`. */}}
{{- define "qwenedit.alert" -}}
{{- $alerts := .root.Values.monitoring.alerts }}
{{- $set := index $alerts.rules .alert.name | default dict }}
{{- $own := mergeOverwrite (dict "enabled" true) (deepCopy .alert) (omit $set "threshold") }}
{{- if $own.enabled }}
{{- $expr := $own.expr }}
{{- with $own.burns }}
{{- $expr = include "qwenedit.burns" (mergeOverwrite (dict "root" $.root "objective" (index $alerts.objectives .promise)) .) }}
{{- end }}
{{- range $name, $text := .expressions }}
{{- $expr = $expr | replace (printf "<%s>" $name) $text }}
{{- end }}
{{- $description := $own.description }}
{{- range $name, $text := .words }}
{{- $expr = $expr | replace (printf "<%s>" $name) $text }}
{{- $description = $description | replace (printf "<%s>" $name) $text }}
{{- end }}
{{- $threshold := .alert.threshold | default dict }}
{{- if hasKey $set "threshold" }}
{{- $name := printf "monitoring.alerts.rules.%s.threshold" $own.name }}
{{- if not $threshold }}
{{- fail (printf "%s is set, but that alert has no threshold: docs/runbooks/README.md lists those that have one" $name) }}
{{- else if or (lt (float64 $set.threshold) (float64 $threshold.least)) (and (eq $threshold.unit "%") (ge (float64 $set.threshold) 100.0)) }}
{{- fail (printf "%s is %v: set at least %v%s (%s)" $name $set.threshold $threshold.least (ternary ", and less than 100" "" (eq $threshold.unit "%")) $threshold.unit) }}
{{- end }}
{{- end }}
{{- $expr = $expr | replace "<threshold>" (printf "%v" (get (hasKey $set "threshold" | ternary $set (dict "threshold" $threshold.value)) "threshold")) }}
- alert: {{ $own.name }}
  expr: {{ $expr | trim | quote }}
  for: {{ $own.for }}
  labels:
    namespace: {{ .root.Release.Namespace }}
    severity: {{ $own.severity }}
    {{- with $alerts.alertLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    summary: {{ $own.summary }}
    description: {{ $description | quote }}
    runbook_url: {{ printf "%s/%s.md" (trimSuffix "/" $alerts.runbookBaseUrl) $own.name }}
{{- end }}
{{- end }}

{{/* The series that break an objective, as PromQL. Takes root, of (`failed` or `late`), function (`rate` or `increase`)
     and window. What users cancel themselves is no failure and no success. */}}
{{- define "qwenedit.broken" -}}
{{- $ours := tpl .root.Values.monitoring.alerts.selector .root }}
{{- if eq .of "failed" -}}
sum by (namespace) ({{ .function }}(qwenedit_jobs_finished_total{ {{- $ours }},state="failed"}[{{ .window }}]))
{{- else -}}
{{ include "qwenedit.ofAll" . }} - sum by (namespace) ({{ .function }}(qwenedit_job_answer_seconds_bucket{ {{- $ours }},le="{{ printf "%.1f" (float64 .root.Values.monitoring.alerts.objectives.answerSeconds) }}"}[{{ .window }}]))
{{- end }}
{{- end }}

{{/* All series that an objective is about, likewise. */}}
{{- define "qwenedit.ofAll" -}}
{{- $ours := tpl .root.Values.monitoring.alerts.selector .root }}
{{- if eq .of "failed" -}}
sum by (namespace) ({{ .function }}(qwenedit_jobs_finished_total{ {{- $ours }},state!="cancelled"}[{{ .window }}]))
{{- else -}}
sum by (namespace) ({{ .function }}(qwenedit_job_answer_seconds_count{ {{- $ours }}}[{{ .window }}]))
{{- end }}
{{- end }}

{{/* Spends the budget of an objective so many times as fast as it allows, over a short and a long time. Takes root, of,
     objective, factor, short and long. */}}
{{- define "qwenedit.burns" -}}
{{- $most := mulf .factor (subf 100 .objective) | printf "%.4g" }}
{{- $release := include "qwenedit.recorded" .root }}
{{- range list .short .long -}}
namespace:qwenedit_jobs_{{ $.of }}:percent_rate{{ . }}{ {{- $release }}} > {{ $most }} and {{ end -}}
namespace:qwenedit_jobs_{{ .of }}:increase{{ .long }}{ {{- $release }}} > {{ subf .root.Values.monitoring.alerts.leastFailures 0.5 }}
{{- end }}

{{/* What this release's records are known by, whatever `selector` says. */}}
{{- define "qwenedit.recorded" -}}
release={{ printf "%s/%s" .Release.Namespace (include "qwenedit.fullname" .) | quote }}
{{- end }}
