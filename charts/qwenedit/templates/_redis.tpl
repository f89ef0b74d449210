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
{{- $parsed := urlParse (tpl $external.url .root) }}
{{- $tls := eq $parsed.scheme "rediss" }}
{{- $own := get ($external.users | default dict) .part | default dict }}
{{- $secret := tpl $external.existingSecret .root }}
{{- $database := trimPrefix "/" $parsed.path | default "0" }}
{{- $user := $own.username | default $external.username }}
{{- dict "host" (regexReplaceAll ":[0-9]+$" $parsed.host "")
      "port" (regexFind "[0-9]+$" (regexFind ":[0-9]+$" $parsed.host) | default "6379" | int)
      "url" (printf "%s://%s%s/%s" $parsed.scheme (ternary (printf "%s@" ($user | urlquery)) "" (ne "" $user)) $parsed.host $database)
      "database" $database "tls" $tls "user" $user "secret" $secret
      "passwordKey" (ternary ($own.passwordKey | default $external.passwordKey) "" (ne "" $secret)) | toJson }}
{{- end }}
{{- end }}

{{/* The first part of all keys' names. */}}
{{- define "qwenedit.redisPrefix" -}}
{{- .Values.redis.prefix | default "qwenedit" }}
{{- end }}

{{/* Users of the release's own Redis that have a password, as a list in JSON. */}}
{{- define "qwenedit.redisUsers" -}}
{{- concat (list "admin" "bot" "worker" "keda") (ternary (list "backup") list (ne "" (include "qwenedit.backupClaim" .))) | toJson }}
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
{{- with include "qwenedit.thousandths" .quantity }}
{{- $least := mul $.times (include "qwenedit.redisBytes" $.root | int64) }}
{{- if lt (int64 .) (mul 1000 $least) }}
{{- fail (printf "%s is %s with redis.maxMemory=%s: %s; set at least %dMi, or a smaller redis.maxMemory" $.name (toString $.quantity) $.root.Values.redis.maxMemory $.why (div (add $least 1048575) 1048576)) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The claim of the StatefulSet as the cluster has it. */}}
{{- define "qwenedit.redisExistingClaim" -}}
{{- $known := include "qwenedit.existing" (dict "root" . "version" "apps/v1" "kind" "StatefulSet" "name" (printf "%s-redis" (include "qwenedit.fullname" .))) | fromJson }}
{{- if $known.spec }}
{{- $known.spec.volumeClaimTemplates | default list | first | default (dict "spec" dict) | toJson }}
{{- end }}
{{- end }}

{{/* What Kubernetes changes of no StatefulSet. */}}
{{- define "qwenedit.guards.redisClaim" -}}
{{- $persistence := .Values.redis.persistence }}
{{- $own := and $persistence.enabled (not $persistence.existingClaim) }}
{{- $name := printf "%s-redis" (include "qwenedit.fullname" .) }}
{{- with include "qwenedit.redisExistingClaim" . }}
{{- $claim := (fromJson .).spec }}
{{- $changed := "" }}
{{- if ne $own (not (empty $claim)) }}
{{- $changed = printf "redis.persistence.enabled and redis.persistence.existingClaim ask for %s, but the StatefulSet %s has %s" (ternary "a claim of its own" "none of its own" $own) $name (ternary "none" "one" $own) }}
{{- else if $own }}
{{- $class := $persistence.storageClassName | default $claim.storageClassName }}
{{- if ne $class $claim.storageClassName }}
{{- $changed = printf "redis.persistence.storageClassName is %s, but the StatefulSet %s has %s" $class $name ($claim.storageClassName | default "the default class") }}
{{- else if ne (include "qwenedit.thousandths" $persistence.size) (include "qwenedit.thousandths" $claim.resources.requests.storage) }}
{{- $changed = printf "redis.persistence.size is %s, but the StatefulSet %s has %s" $persistence.size $name $claim.resources.requests.storage }}
{{- end }}
{{- end }}
{{- with $changed }}
{{- fail (printf "%s, and Kubernetes does not change that: delete it without its pod (kubectl -n %s delete statefulset %s --cascade=orphan) and upgrade again; the claim data-%s-0 stays as it is (docs/upgrades.md)" . $.Release.Namespace $name $name) }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.redisConfig" -}}
{{- $redis := include "qwenedit.redis" . | fromJson -}}
REDIS_URL: {{ $redis.url | quote }}
REDIS_PREFIX: {{ include "qwenedit.redisPrefix" .root | quote }}
{{- with .root.Values.redis.external.sentinel }}
{{- if and .addresses (not $.root.Values.redis.enabled) }}
REDIS_SENTINELS: {{ join "," .addresses | quote }}
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
