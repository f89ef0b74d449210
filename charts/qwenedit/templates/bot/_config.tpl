{{- define "qwenedit.botConfig" -}}
{{- $settings := .Values.bot.settings -}}
{{ include "qwenedit.redisConfig" (dict "root" . "part" "bot") }}
{{ include "qwenedit.picturesConfig" . }}
PROBE_HOST: "::"
PROBE_PORT: "8081"
BOT_LOG_LEVEL: {{ $settings.logLevel }}
{{- include "qwenedit.caConfig" . }}
MAX_RETRIES: {{ int $settings.maxRetries | quote }}
RETRY_DELAYS: {{ join "," $settings.retryDelays | quote }}
MAX_QUEUE_LENGTH: {{ int $settings.maxQueueLength | quote }}
MAX_UNFINISHED_JOBS_PER_USER: {{ int $settings.maxUnfinishedJobsPerUser | quote }}
{{- if not (kindIs "invalid" $settings.jobsPerDay) }}
JOBS_PER_DAY: {{ int64 $settings.jobsPerDay | quote }}
{{- end }}
{{- with $settings.admins }}
ADMINS: {{ include "qwenedit.userIds" . | quote }}
{{- end }}
{{- with $settings.allowedUsers }}
ALLOWED_USERS: {{ include "qwenedit.userIds" . | quote }}
{{- end }}
{{- with $settings.starPacks }}
STAR_PACKS: "{{ range $index, $pack := . }}{{ if $index }},{{ end }}{{ int64 $pack.jobs }}:{{ int64 $pack.stars }}{{ end }}"
{{- end }}
{{- with $settings.paySupport }}
PAY_SUPPORT: {{ . | quote }}
{{- end }}
MAX_WAIT: {{ int $settings.maxWait | quote }}
LARGER_MEGAPIXELS: {{ $settings.largerMegapixels | quote }}
{{- with .Values.bot.languageModel }}
{{- if .url }}
LLM_MODEL: {{ .model | quote }}
LLM_TIMEOUT: {{ .timeout | quote }}
{{- end }}
{{- end }}
TELEGRAM_API_URL: {{ tpl $settings.telegramApiUrl . | quote }}
{{- include "qwenedit.tracesConfig" (dict "root" . "part" "bot") }}
{{- if eq .Values.bot.mode "webhook" }}
WEBHOOK_URL: {{ .Values.bot.webhook.url | quote }}
WEBHOOK_PORT: "8443"
{{- end }}
{{- if include "qwenedit.presetsConfigMap" . }}
PRESETS_FILE: /etc/qwenedit/presets/presets.yaml
{{- end }}
{{- end }}

{{/* What the bot gets beside its ConfigMap: from Secrets, or because it may hold one. */}}
{{- define "qwenedit.botEnv" -}}
- name: BOT_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ include "qwenedit.botSecret" . }}
      key: token
{{- with .Values.bot.moderation }}
{{- if .url }}
- name: MODERATION_URL
  value: {{ tpl .url $ | quote }}
{{- end }}
{{- if .token.existingSecret }}
- name: MODERATION_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ tpl .token.existingSecret $ }}
      key: token
{{- end }}
{{- end }}
{{- with .Values.bot.languageModel }}
{{- if .url }}
- name: LLM_URL
  value: {{ tpl .url $ | quote }}
{{- end }}
{{- if .key.existingSecret }}
- name: LLM_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ tpl .key.existingSecret $ }}
      key: key
{{- end }}
{{- end }}
{{ include "qwenedit.proxyEnv" (dict "root" . "part" "bot") }}
{{ include "qwenedit.tracesEnv" . }}
{{ include "qwenedit.redisEnv" (dict "root" . "part" "bot") }}
{{- end }}

{{/* Telegram ids, separated by commas; Helm reads large numbers as floating point. */}}
{{- define "qwenedit.userIds" -}}
{{- range $index, $id := . }}{{ if $index }},{{ end }}{{ int64 $id }}{{ end }}
{{- end }}

{{/* The ConfigMap of the operator's presets, if there are any. */}}
{{- define "qwenedit.presetsConfigMap" -}}
{{- with .Values.bot.presets }}
{{- if .file }}{{ include "qwenedit.fullname" $ }}-bot-presets{{ else }}{{ tpl .existingConfigMap $ }}{{ end }}
{{- end }}
{{- end }}
