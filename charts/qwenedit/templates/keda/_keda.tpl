{{/* Whether KEDA needs anything secret to reach Redis. */}}
{{- define "qwenedit.kedaAuthentication" -}}
{{- $redis := include "qwenedit.redis" (dict "root" . "part" "keda") | fromJson }}
{{- if or $redis.passwordKey (and (not .Values.redis.enabled) .Values.redis.external.tls.caSecret) }}true{{ end }}
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
    sentinelMaster: {{ $sentinel.master | quote }}
    {{- with $sentinel.username }}
    sentinelUsername: {{ . | quote }}
    {{- end }}
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

{{/* How many workers KEDA has, in jobs of one worker or, by wait, in workers. By wait: as the bot says, which counts busy
     workers; whatever it says, one while there are jobs and no more than one fewer than running jobs, since a worker has
     two for the moment in which it hands one in. By length while the bot says nothing. */}}
{{- define "qwenedit.kedaFormula" -}}
{{- $scaling := .Values.autoscaling }}
{{- $several := gt (int $scaling.jobsPerWorker) 1 }}
{{- $formula := "waiting + running" }}
{{- $unit := ternary (printf " * %v" $scaling.jobsPerWorker) "" $several }}
{{- if eq $scaling.by "wait" }}
{{- $unit = "" }}
{{- $length := ternary (printf "max(running, (waiting + running) / %v)" $scaling.jobsPerWorker) "waiting + running" $several }}
{{- $formula = printf "wanted >= 1 ? max(wanted - 1, running - 1, min(waiting + running, 1)) : %s" $length }}
{{- end }}
{{- range $index, $_ := $scaling.warmHours }}
{{- $formula = printf "%s, warm%d%s" (ternary (printf "(%s)" $formula) $formula (and (eq $index 0) (eq $scaling.by "wait"))) $index $unit }}
{{- end }}
{{- if $scaling.warmHours }}
{{- $formula = printf "max(%s)" $formula }}
{{- end }}
{{- $formula }}
{{- end }}
