{{/* Whether this release fills the claim itself. */}}
{{- define "qwenedit.modelsDownload" -}}
{{- if and .Values.models.enabled .Values.models.download.enabled (or .Values.models.download.onEachNode (not .Values.models.volume)) (ne .Values.comfyui.placement "external") }}true{{ end }}
{{- end }}

{{/* The list of files, where it is not the image's own. */}}
{{- define "qwenedit.modelsList" -}}
{{- with .Values.models.files }}{{ dict "files" . | toPrettyJson }}{{ end }}
{{- end }}

{{- define "qwenedit.modelsArguments" -}}
- --folder=/opt/comfyui/models
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
  {{- include "qwenedit.container" (dict "root" . "image" .Values.comfyui.image) | nindent 2 }}
  command: [python, /opt/qwenedit/models.py, wait]
  args:
    {{- include "qwenedit.modelsArguments" . | nindent 4 }}
  resources:
    {{- toYaml .Values.worker.resources | nindent 4 }}
  volumeMounts:
    - {name: models, mountPath: /opt/comfyui/models, readOnly: true}
    {{- if .Values.models.files }}
    - {name: models-list, mountPath: /etc/qwenedit-models, readOnly: true}
    {{- end }}
{{- end }}
{{- end }}

{{/* What the values say of the pod that downloads. It runs on the nodes where ComfyUI will read the files: a claim that waits
     for its first consumer is made where this pod runs. */}}
{{- define "qwenedit.modelsPodValues" -}}
{{- $comfyui := ternary .Values.comfyui.pod .Values.worker.pod (eq .Values.comfyui.placement "standalone") | default dict }}
{{- $affinity := pick ($comfyui.affinity | default dict) "nodeAffinity" }}
{{- mergeOverwrite (dict "affinity" $affinity) (pick (deepCopy $comfyui) "nodeSelector" "tolerations") (.Values.models.download.pod | default dict) | toJson }}
{{- end }}

{{/* The template of the pod that downloads. Takes root, command, and restartPolicy. */}}
{{- define "qwenedit.modelsPod" -}}
{{- $pod := include "qwenedit.modelsPodValues" .root | fromJson }}
metadata:
  {{- include "qwenedit.podMetadata" (dict "root" .root "part" "models" "version" "0" "pod" $pod "data" (include "qwenedit.modelsList" .root)) | nindent 2 }}
spec:
  restartPolicy: {{ .restartPolicy }}
  {{- include "qwenedit.podSpec" (dict "root" .root "part" "models" "pod" $pod) | nindent 2 }}
  containers:
    - name: download
      {{- include "qwenedit.container" (dict "root" .root "image" .root.Values.worker.image) | nindent 6 }}
      command: [python, /opt/qwenedit/models.py, {{ .command }}]
      args:
        {{- include "qwenedit.modelsArguments" .root | nindent 8 }}
      {{- with $pod.envFrom }}
      envFrom:
        {{- tpl (toYaml .) $.root | nindent 8 }}
      {{- end }}
      {{- with concat (include "qwenedit.caEnv" .root | fromYamlArray) (include "qwenedit.proxyEnv" (dict "root" .root "part" "models") | fromYamlArray) ($pod.env | default list) }}
      env:
        {{- tpl (toYaml .) $.root | nindent 8 }}
      {{- end }}
      resources:
        {{- toYaml .root.Values.worker.resources | nindent 8 }}
      volumeMounts:
        - {name: models, mountPath: /opt/comfyui/models}
        {{- if .root.Values.models.files }}
        - {name: models-list, mountPath: /etc/qwenedit-models, readOnly: true}
        {{- end }}
        {{- include "qwenedit.caMount" .root | nindent 8 }}
        {{- include "qwenedit.list" (dict "root" .root "list" $pod.volumeMounts) | nindent 8 }}
    {{- include "qwenedit.list" (dict "root" .root "list" $pod.containers) | nindent 4 }}
  volumes:
    {{- include "qwenedit.modelsVolumes" .root | nindent 4 }}
    {{- include "qwenedit.caVolume" .root | nindent 4 }}
    {{- include "qwenedit.list" (dict "root" .root "list" $pod.volumes) | nindent 4 }}
{{- end }}
