{{- define "qwenedit.workerConfig" -}}
{{- $settings := .Values.worker.settings -}}
{{ include "qwenedit.redisConfig" (dict "root" . "part" "worker") }}
{{ include "qwenedit.picturesConfig" . }}
PROBE_HOST: "::"
PROBE_PORT: "8080"
WORKER_LOG_LEVEL: {{ $settings.logLevel }}
{{- include "qwenedit.caConfig" . }}
WORKER_LEASE: {{ $settings.lease | quote }}
COMFYUI_URL: {{ include "qwenedit.comfyuiUrl" . | quote }}
COMFYUI_TIMEOUT: {{ int $settings.comfyuiTimeout | quote }}
WORKFLOW: {{ $settings.workflow | quote }}
WORKER_WARM_UP: {{ $settings.warmUp | quote }}
{{- include "qwenedit.tracesConfig" (dict "root" . "part" "worker") }}
{{- if eq .Values.comfyui.placement "sidecar" }}
COMFYUI_BASE_DIR: /data
{{- end }}
{{- end }}

{{- define "qwenedit.workerEnv" -}}
{{ include "qwenedit.proxyEnv" (dict "root" . "part" "worker") }}
{{ include "qwenedit.tracesEnv" . }}
{{ include "qwenedit.redisEnv" (dict "root" . "part" "worker") }}
{{- end }}
