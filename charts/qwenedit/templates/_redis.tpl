{{/* How a part reaches Redis, as a dict in JSON. Takes root and part: bot, worker or keda.
     host and port; url: for our services; database; tls; user, secret and passwordKey: empty where there is none. */}}
{{- define "qwenedit.redis" -}}
{{- $redis := .root.Values.redis }}
{{- if $redis.enabled }}
{{- $host := printf "%s-redis" (include "qwenedit.fullname" .root) }}
{{- dict "host" $host "port" 6379 "url" (printf "redis://%s@%s:6379/0" .part $host) "database" "0" "tls" false
      "user" .part "secret" (include "qwenedit.redisSecret" .root) "passwordKey" .part | toJson }}
{{- else }}
{{- $external := $redis.external }}
{{- $url := tpl $external.url .root }}
{{- if not $url }}{{ $url = "redis://sentinel/0" }}{{ end }}
{{- $parsed := urlParse $url }}
{{- $tls := eq $parsed.scheme "rediss" }}
{{- $own := get ($external.users | default dict) .part | default dict }}
{{- $secret := tpl $external.existingSecret .root }}
{{- $database := trimPrefix "/" $parsed.path | default "0" }}
{{- $user := $own.username | default $external.username }}
{{- $query := ternary "?ssl_ca_certs=/etc/redis-ca/ca.crt" "" (ne "" (tpl $external.tls.caSecret .root)) }}
{{- dict "host" (regexReplaceAll ":[0-9]+$" $parsed.host "")
      "port" (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parsed.host) | default "6379" | int)
      "url" (printf "%s://%s%s/%s%s" $parsed.scheme (ternary (printf "%s@" ($user | urlquery)) "" (ne "" $user)) $parsed.host $database $query)
      "database" $database "tls" $tls "user" $user "secret" $secret
      "passwordKey" (ternary ($own.passwordKey | default $external.passwordKey) "" (ne "" $secret)) | toJson }}
{{- end }}
{{- end }}

{{- define "qwenedit.redisSecret" -}}
{{- tpl .Values.redis.auth.existingSecret . | default (printf "%s-redis" (include "qwenedit.fullname" .)) }}
{{- end }}

{{/* Bytes of redis.maxMemory. */}}
{{- define "qwenedit.redisBytes" -}}
{{- $memory := .Values.redis.maxMemory }}
{{- mul (regexFind "^[0-9]+" $memory | int64) (get (dict "" 1 "k" 1024 "m" 1048576 "g" 1073741824) (regexFind "[a-z]" $memory)) }}
{{- end }}

{{/* Refuses a quantity of Kubernetes that is less than some times redis.maxMemory; what is not read is taken. Takes root,
     name, quantity, times and why. */}}
{{- define "qwenedit.redisRoom" -}}
{{- $quantity := toString .quantity }}
{{- if regexMatch "^[0-9.]+([KMGT]i?)?$" $quantity }}
{{- $units := dict "" 1 "K" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- $room := mulf (regexFind "^[0-9.]+" $quantity | float64) (get $units (regexFind "[A-Za-z]*$" $quantity)) | int64 }}
{{- $least := mul .times (include "qwenedit.redisBytes" .root | int64) }}
{{- if lt $room $least }}
{{- fail (printf "%s is %s with redis.maxMemory=%s: %s; set at least %dMi, or a smaller redis.maxMemory" .name $quantity .root.Values.redis.maxMemory .why (div (add $least 1048575) 1048576)) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.redisConfig" -}}
{{- $redis := include "qwenedit.redis" . | fromJson -}}
REDIS_URL: {{ $redis.url | quote }}
REDIS_JOB_QUEUE_KEY: {{ .root.Values.redis.jobQueueKey | quote }}
{{- with .root.Values.redis.external.sentinel }}
{{- if and .addresses (not $.root.Values.redis.enabled) }}
REDIS_SENTINELS: {{ join "," .addresses | quote }}
REDIS_SENTINEL_MASTER: {{ .master | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Takes root and part. */}}
{{- define "qwenedit.redisEnv" -}}
{{- $redis := include "qwenedit.redis" . | fromJson -}}
{{- if $redis.passwordKey }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $redis.secret }}
      key: {{ $redis.passwordKey }}
{{- end }}
{{- $sentinel := .root.Values.redis.external.sentinel }}
{{- if and (not .root.Values.redis.enabled) $sentinel.addresses $sentinel.passwordKey }}
- name: REDIS_SENTINEL_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ $redis.secret }}
      key: {{ $sentinel.passwordKey }}
{{- end }}
{{- end }}

{{- define "qwenedit.redisCaVolume" -}}
{{- if and (not .Values.redis.enabled) .Values.redis.external.tls.caSecret }}
- name: redis-ca
  secret:
    secretName: {{ tpl .Values.redis.external.tls.caSecret . }}
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- end }}

{{- define "qwenedit.redisCaMount" -}}
{{- if and (not .Values.redis.enabled) .Values.redis.external.tls.caSecret }}
- {name: redis-ca, mountPath: /etc/redis-ca, readOnly: true}
{{- end }}
{{- end }}

{{/* Egress rules to Redis. */}}
{{- define "qwenedit.redisEgress" -}}
{{- $values := .Values }}
{{- if $values.redis.enabled }}
- to:
    - podSelector:
        matchLabels:
          {{- include "qwenedit.selector" (dict "root" . "part" "redis") | nindent 10 }}
  ports: [{protocol: TCP, port: redis}]
{{- else }}
{{- $redis := include "qwenedit.redis" (dict "root" . "part" "worker") | fromJson }}
{{- $ports := list (int $redis.port) }}
{{- range $values.redis.external.sentinel.addresses }}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) }}
{{- end }}
- ports:
    {{- range uniq $ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with $values.networkPolicy.externalRedisTo }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.dnsEgress" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
  {{- with .Values.networkPolicy.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
