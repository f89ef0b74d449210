{{/* Where pictures lie: the address with its templates filled in. */}}
{{- define "qwenedit.picturesUrl" -}}
{{- tpl ((.Values.pictures).url | default "redis:") . }}
{{- end }}

{{- define "qwenedit.picturesTtl" -}}
{{- int ((.Values.pictures).ttl | default 86400) }}
{{- end }}

{{/* Says something if pictures are in object storage, which services reach over the network. */}}
{{- define "qwenedit.picturesInBucket" -}}
{{- if regexMatch "^(s3|gs|az)://" (include "qwenedit.picturesUrl" .) }}true{{ end }}
{{- end }}

{{/* Jobs that Redis' own memory takes at once where pictures lie in it: about 3.1 MB each, photos and the room that is
     kept for the result, in nine tenths of the memory. */}}
{{- define "qwenedit.picturesFit" -}}
{{- div (mul (include "qwenedit.redisBytes" . | int64) 9) 31000576 }}
{{- end }}

{{- define "qwenedit.picturesConfig" -}}
PICTURES_URL: {{ include "qwenedit.picturesUrl" . | quote }}
PICTURE_TTL: {{ include "qwenedit.picturesTtl" . | quote }}
{{- range $name, $value := (.Values.pictures).options }}
{{ $name }}: {{ tpl (toString $value) $ | quote }}
{{- end }}
{{- end }}

{{/* The Secret with a part's credentials, as a container's envFrom. Takes root and part: bot or worker. */}}
{{- define "qwenedit.picturesEnvFrom" -}}
{{- $credentials := (.root.Values.pictures).credentials | default dict }}
{{- $own := ternary ($credentials.workerSecret | default "") "" (eq .part "worker") }}
{{- with $own | default $credentials.existingSecret }}
- secretRef:
    name: {{ tpl . $.root }}
{{- end }}
{{- end }}

{{/* Egress rules to the object storage. Without a Secret the pods ask for credentials: GKE and EKS Pod Identity at
     link-local addresses, AWS STS and Azure at public ones, which the first rule has while it names no addresses. */}}
{{- define "qwenedit.picturesEgress" -}}
{{- if include "qwenedit.picturesInBucket" . }}
{{- $options := .Values.pictures.options | default dict }}
{{- $endpoint := tpl (toString ($options.AWS_ENDPOINT_URL | default $options.AZURE_STORAGE_ENDPOINT | default "https://")) . }}
{{ include "qwenedit.egress" (dict "url" $endpoint "to" .Values.networkPolicy.picturesTo) }}
{{- if not (.Values.pictures.credentials).existingSecret }}
{{- $url := include "qwenedit.picturesUrl" . }}
{{- if hasPrefix "gs:" $url }}
- to:  # GKE's metadata server, which gives out the service accounts' identities
    - ipBlock: {cidr: 169.254.169.254/32}
    - ipBlock: {cidr: 169.254.169.252/32}
  ports:
    - {protocol: TCP, port: 80}
    - {protocol: TCP, port: 988}
{{- else if hasPrefix "s3:" $url }}
- to:  # the agent of EKS Pod Identity; not the metadata of the node, whose own rights a pod would get there
    - ipBlock: {cidr: 169.254.170.23/32}
    - ipBlock: {cidr: "fd00:ec2::23/128"}
  ports:
    - {protocol: TCP, port: 80}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.pictures" -}}
{{- $url := include "qwenedit.picturesUrl" . }}
{{- with .Values.pictures }}
{{- if not (regexMatch "^(redis:$|(s3|gs|az)://[^/@]+(/|$))" $url) }}
{{- fail (printf "pictures.url is %s: it must be redis:, s3://bucket/folder, gs://bucket/folder or az://container/folder, without credentials" $url) }}
{{- end }}
{{- if gt (int $.Values.bot.settings.maxWait) (int (include "qwenedit.picturesTtl" $)) }}
{{- fail (printf "bot.settings.maxWait is %d and pictures.ttl %d: a job would lose its pictures while it waits; set pictures.ttl to at least bot.settings.maxWait" (int $.Values.bot.settings.maxWait) (int .ttl)) }}
{{- end }}
{{- if not (include "qwenedit.picturesInBucket" $) }}
{{- range $name, $value := dict "options" .options "credentials.existingSecret" (.credentials).existingSecret "credentials.workerSecret" (.credentials).workerSecret }}
{{- if $value }}
{{- fail (printf "pictures.%s is set, but pictures.url is %s: set pictures.url to the object storage, or leave pictures.%s empty" $name $url $name) }}
{{- end }}
{{- end }}
{{- if $.Values.networkPolicy.picturesTo }}
{{- fail (printf "networkPolicy.picturesTo is set, but pictures.url is %s: set pictures.url to the object storage, or leave the list empty" $url) }}
{{- end }}
{{- end }}
{{- if and (.credentials).workerSecret (not (.credentials).existingSecret) }}
{{- fail "pictures.credentials.workerSecret is set, but the bot has no credentials: set pictures.credentials.existingSecret to the bot's Secret" }}
{{- end }}
{{- range $name, $value := .options }}
{{- if regexMatch "(?i)secret|password|access_key|account_key|sas|token$" $name }}
{{- fail (printf "pictures.options.%s would lie in a ConfigMap: put it into a Secret, and name that in pictures.credentials.existingSecret" $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
