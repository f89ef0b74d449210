{{/* What the alerts look at, worked out once for all of them. */}}
{{- define "qwenedit.records" -}}
{{- $ours := tpl .Values.monitoring.alerts.selector . }}
{{- $labels := printf "{%s}" (include "qwenedit.recorded" . | replace "=" ": ") }}
{{- range $of := list "failed" "late" }}
{{- range $window := list "5m" "1h" "2h" "1d" }}
{{- $what := dict "root" $ "of" $of "function" "rate" "window" $window }}
- record: namespace:qwenedit_jobs_{{ $of }}:percent_rate{{ $window }}
  expr: {{ printf "100 * (%s) / (%s > 0)" (include "qwenedit.broken" $what) (include "qwenedit.ofAll" $what) | quote }}
  labels: {{ $labels }}
{{- end }}
{{- range $window := list "1h" "1d" }}
- record: namespace:qwenedit_jobs_{{ $of }}:increase{{ $window }}
  expr: {{ include "qwenedit.broken" (dict "root" $ "of" $of "function" "increase" "window" $window) | quote }}
  labels: {{ $labels }}
{{- end }}
{{- end }}
# A replica that does not lead may show what was so when it last did.
- record: namespace_place:qwenedit_queue_jobs:leader
  expr: max by (namespace, place) (qwenedit_queue_jobs{ {{- $ours }}} and on (namespace, instance) qwenedit_bot_leader{ {{- $ours }}} == 1)
  labels: {{ $labels }}
- record: namespace:qwenedit_queue_oldest_wait_seconds:leader
  expr: max by (namespace) (qwenedit_queue_oldest_wait_seconds{ {{- $ours }}} and on (namespace, instance) qwenedit_bot_leader{ {{- $ours }}} == 1)
  labels: {{ $labels }}
- record: namespace:qwenedit_gpu_hourly_price:sum
  expr: sum by (namespace) (qwenedit_gpu_hourly_price{ {{- $ours }}})
  labels: {{ $labels }}
# What a picture costs, with all idling and loading.
{{- range $window := list "1h" "1d" }}
- record: namespace:qwenedit_picture_price:increase{{ $window }}
  expr: {{ printf "sum by (namespace) (increase(qwenedit_gpu_seconds_total{%s}[%s]) * on (namespace, instance) group_left () max by (namespace, instance) (last_over_time(qwenedit_gpu_hourly_price{%s}[%s]))) / 3600 / (sum by (namespace) (increase(qwenedit_gpu_job_seconds_count{%s,outcome=\"done\"}[%s])) > 0)" $ours $window $ours $window $ours $window | quote }}
  labels: {{ $labels }}
{{- end }}
{{- end }}
