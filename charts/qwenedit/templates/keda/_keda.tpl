{{/* How many workers there may be at once. */}}
{{- define "qwenedit.mostWorkers" -}}
{{- ternary .Values.autoscaling.maxReplicas .Values.worker.replicas .Values.autoscaling.enabled | int64 }}
{{- end }}

{{/* Whether KEDA needs anything secret to reach Redis. */}}
{{- define "qwenedit.kedaAuthentication" -}}
{{- $redis := include "qwenedit.redis" (dict "root" . "part" "keda") | fromJson }}
{{- if or $redis.passwordKey (and $redis.tls (include "qwenedit.caConfigMap" .)) }}true{{ end }}
{{- end }}

{{/* A trigger that counts a list or a sorted set. Takes root, name and key. */}}
{{- define "qwenedit.kedaTrigger" -}}
{{- $root := .root }}
{{- $redis := include "qwenedit.redis" (dict "root" $root "part" "keda") | fromJson }}
{{- $sentinel := $root.Values.redis.external.sentinel }}
{{- $sentinels := ternary (list) $sentinel.addresses $root.Values.redis.enabled }}
- type: {{ ternary "redis-sentinel" "redis" (not (empty $sentinels)) }}
  name: {{ .name }}
  metadata:
    listName: {{ .key | quote }}
    listLength: "1"
    databaseIndex: {{ $redis.database | quote }}
    {{- if $sentinels }}
    addresses: {{ join "," $sentinels | quote }}
    sentinelMaster: {{ $redis.host | quote }}
    {{- else }}
    address: {{ printf "%s%s:%d" $redis.host (ternary (printf ".%s.svc" $root.Release.Namespace) "" $root.Values.redis.enabled) (int $redis.port) | quote }}
    {{- end }}
    {{- if $redis.tls }}
    enableTLS: "true"
    {{- end }}
    {{- with $redis.user }}
    username: {{ . | quote }}
    {{- end }}
  {{- if include "qwenedit.kedaAuthentication" $root }}
  authenticationRef:
    name: {{ include "qwenedit.fullname" $root }}-redis
  {{- end }}
{{- end }}

{{/* What KEDA divides by `jobsPerWorker`: all jobs, or as many as keep the workers of the warm hours. */}}
{{- define "qwenedit.kedaFormula" -}}
{{- $scaling := .Values.autoscaling }}
{{- $unit := ternary (printf " * %v" $scaling.jobsPerWorker) "" (gt (int $scaling.jobsPerWorker) 1) }}
{{- $formula := "waiting + running" }}
{{- range $index, $_ := $scaling.warmHours }}
{{- $formula = printf "%s, warm%d%s" $formula $index $unit }}
{{- end }}
{{- ternary (printf "max(%s)" $formula) $formula (not (empty $scaling.warmHours)) }}
{{- end }}
