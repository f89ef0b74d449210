{{/* Whether this release fills the claim itself. */}}
{{- define "qwenedit.modelsDownload" -}}
{{- if and .Values.models.enabled .Values.models.download.enabled (or .Values.models.download.onEachNode (not .Values.models.volume)) (ne .Values.comfyui.placement "external") }}true{{ end }}
{{- end }}

{{/* The list of files, where it is not the image's own. */}}
{{- define "qwenedit.modelsList" -}}
{{- with .Values.models.files }}{{ dict "files" . | toPrettyJson }}{{ end }}
{{- end }}

{{- define "qwenedit.modelsImage" -}}
{{- include "qwenedit.image" (dict "root" . "image" .Values.comfyui.image) }}
{{- end }}

{{- define "qwenedit.modelsArguments" -}}
- --folder={{ .Values.comfyui.modelsPath }}
- --list={{ ternary "/etc/qwenedit-models/models.json" "/opt/qwenedit/models.json" (not (empty .Values.models.files)) }}
{{- end }}

{{- define "qwenedit.modelsVolumes" -}}
{{- if .Values.models.enabled }}
- name: models
  {{- if .Values.models.volume }}
  {{- tpl (toYaml .Values.models.volume) . | nindent 2 }}
  {{- else }}
  persistentVolumeClaim:
    claimName: {{ include "qwenedit.modelsClaim" . }}
  {{- end }}
{{- if .Values.models.files }}
- name: models-list
  configMap:
    name: {{ include "qwenedit.fullname" . }}-models
{{- end }}
{{- end }}
{{- end }}

{{/* Holds ComfyUI back until every file of the list is complete. */}}
{{- define "qwenedit.modelsCheck" -}}
{{- if .Values.models.enabled }}
- name: models
  image: {{ include "qwenedit.modelsImage" . }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  securityContext:
    {{- toYaml .Values.containerSecurityContext | nindent 4 }}
  command: [python, /opt/qwenedit/models.py, wait]
  args:
    {{- include "qwenedit.modelsArguments" . | nindent 4 }}
  resources:
    requests: {cpu: 10m, memory: 32Mi}
    limits: {memory: 128Mi}
  volumeMounts:
    - {name: models, mountPath: {{ .Values.comfyui.modelsPath }}, readOnly: true}
    {{- if .Values.models.files }}
    - {name: models-list, mountPath: /etc/qwenedit-models, readOnly: true}
    {{- end }}
{{- end }}
{{- end }}
