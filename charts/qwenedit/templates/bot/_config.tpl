{{- define "qwenedit.botConfig" -}}
{{- $settings := .Values.bot.settings -}}
{{ include "qwenedit.redisConfig" (dict "root" . "part" "bot") }}
PROBE_HOST: 0.0.0.0
PROBE_PORT: "8081"
BOT_MODE: {{ .Values.bot.mode }}
BOT_LOG_LEVEL: {{ $settings.logLevel }}
MAX_RETRIES: {{ int $settings.maxRetries | quote }}
RETRY_DELAYS: {{ join "," $settings.retryDelays | quote }}
MAX_QUEUE_LENGTH: {{ int $settings.maxQueueLength | quote }}
MAX_UNFINISHED_JOBS_PER_USER: {{ int $settings.maxUnfinishedJobsPerUser | quote }}
MAX_WAIT: {{ int $settings.maxWait | quote }}
DEFAULT_LANGUAGE: {{ $settings.defaultLanguage | quote }}
TELEGRAM_API_URL: {{ tpl $settings.telegramApiUrl . | quote }}
{{- if eq .Values.bot.mode "webhook" }}
WEBHOOK_URL: {{ .Values.bot.webhook.url | quote }}
WEBHOOK_HOST: 0.0.0.0
WEBHOOK_PORT: "8443"
{{- end }}
{{- if .Values.bot.podDeletionCost }}
WORKER_PODS: {{ include "qwenedit.selector" (dict "root" . "part" "worker") | replace ": " "=" | splitList "\n" | join "," | quote }}
{{- end }}
{{- end }}
