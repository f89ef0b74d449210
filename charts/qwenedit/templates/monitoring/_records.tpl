{{/* What the alerts look at, worked out once for all of them. */}}
{{- define "qwenedit.records" -}}
{{- $ours := tpl .Values.monitoring.alerts.selector . }}
{{- $labels := printf "{%s}" (include "qwenedit.recorded" . | replace "=" ": ") }}
{{- range $of := list "failed" "late" }}
{{- range $window := ternary (list "5m" "1h" "2h" "1d") (list "5m" "1h") (eq $of "failed") }}
{{- $what := dict "root" $ "of" $of "function" "rate" "window" $window }}
- record: namespace:qwenedit_jobs_{{ $of }}:percent_rate{{ $window }}
  expr: {{ printf "100 * (%s) / (%s > 0)" (include "qwenedit.broken" $what) (include "qwenedit.ofAll" $what) | quote }}
  labels: {{ $labels }}
{{- end }}
{{- range $window := ternary (list "1h" "1d") (list "1h") (eq $of "failed") }}
- record: namespace:qwenedit_jobs_{{ $of }}:increase{{ $window }}
  expr: {{ include "qwenedit.broken" (dict "root" $ "of" $of "function" "increase" "window" $window) | quote }}
  labels: {{ $labels }}
{{- end }}
{{- end }}
# A replica that does not lead may show what was so when it last did.
- record: namespace_place:qwenedit_queue_jobs:leader
  expr: max by (namespace, place) (qwenedit_queue_jobs{ {{- $ours }}} and on (namespace, instance) qwenedit_bot_leader{ {{- $ours }}} == 1)
  labels: {{ $labels }}
{{- end }}
