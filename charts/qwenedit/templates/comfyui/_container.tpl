{{- define "qwenedit.comfyuiUrl" -}}
{{- if eq .Values.comfyui.placement "sidecar" -}}
http://127.0.0.1:8188
{{- else if eq .Values.comfyui.placement "standalone" -}}
http://{{ include "qwenedit.fullname" . }}-comfyui:8188
{{- else -}}
{{ tpl .Values.comfyui.external.url . }}
{{- end }}
{{- end }}

{{/* ComfyUI's container. Takes root and sidecar: whether it lives in the worker's pod.
     It listens on loopback there, where the kubelet cannot ask it and where the worker's port is not open before
     ComfyUI has started: so its start is looked at from inside, and its life is judged by the worker, which alone
     knows whether prompts still run. */}}
{{- define "qwenedit.comfyuiContainer" -}}
{{- $comfyui := .root.Values.comfyui }}
{{- $pod := $comfyui.pod | default dict }}
name: comfyui
{{- include "qwenedit.container" (dict "root" .root "image" $comfyui.image) | nindent 0 }}
{{- if .sidecar }}
restartPolicy: Always
{{- end }}
args:
  {{- if $comfyui.args }}
  {{- toYaml $comfyui.args | nindent 2 }}
  {{- else }}
  - "--listen={{ if .sidecar }}127.0.0.1{{ else if has "IPv6" .root.Values.ipFamilies }}0.0.0.0,::{{ else }}0.0.0.0{{ end }}"
  - --port=8188
  - --input-directory=/data/input
  - --output-directory=/data/output
  - --temp-directory=/data/temp
  - --user-directory=/data/user
  {{- end }}
  {{- with $comfyui.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $pod.envFrom }}
envFrom:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with $pod.env }}
env:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- if not .sidecar }}
ports:
  - {name: comfyui, containerPort: 8188}
{{- end }}
startupProbe:
  exec:
    command: [python, -c, "import urllib.request as u; u.urlopen('http://127.0.0.1:8188/system_stats', timeout=3)"]
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 300
livenessProbe:
  {{- if .sidecar }}
  httpGet: {path: /comfyui/livez, port: 8080}
  {{- else }}
  exec:  # an executor that has died takes prompts and runs none
    command:
      - python
      - -c
      - |
        import json, sys, urllib.request as u
        queue = json.load(u.urlopen("http://127.0.0.1:8188/queue", timeout=3))
        sys.exit("prompts wait and none runs" if queue["queue_pending"] and not queue["queue_running"] else 0)
  {{- end }}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 3
  terminationGracePeriodSeconds: 10
{{- if not .sidecar }}
readinessProbe:
  httpGet: {path: /system_stats, port: comfyui}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}
{{- if not .sidecar }}
# SIGTERM would end ComfyUI in mid-job, and cost the job an attempt. A worker fetches its picture after the prompt has left
# the queue, and uploads one before it enters: so the queue has to be empty for a while. The grace period bounds it. A
# sidecar needs no hook: it ends after its worker.
lifecycle:
  preStop:
    exec:
      command:
        - python
        - -c
        - |
          import json, time, urllib.request as u
          idle = 0
          while idle < 5:
              time.sleep(1)
              try:
                  queue = json.load(u.urlopen("http://127.0.0.1:8188/queue", timeout=3))
                  idle = 0 if queue["queue_running"] or queue["queue_pending"] else idle + 1
              except TimeoutError:
                  idle = 0
{{- end }}
resources:
  {{- $resources := deepCopy $comfyui.resources }}
  {{- if $comfyui.gpu.count }}
  {{- $_ := set $resources "limits" (set ($resources.limits | default dict) $comfyui.gpu.resource $comfyui.gpu.count) }}
  {{- end }}
  {{- toYaml $resources | nindent 2 }}
volumeMounts:
  - {name: comfyui-tmp, mountPath: /tmp}
  {{- range list "input" "output" "temp" "user" }}
  - {name: comfyui-{{ . }}, mountPath: /data/{{ . }}}
  {{- end }}
  {{- if .root.Values.models.enabled }}
  - {name: models, mountPath: /opt/comfyui/models, readOnly: true}
  {{- end }}
  {{- include "qwenedit.list" (dict "root" .root "list" $pod.volumeMounts) | nindent 2 }}
{{- end }}

{{- define "qwenedit.comfyuiVolumes" -}}
{{- range list "tmp" "input" "output" "temp" "user" }}
- name: comfyui-{{ . }}
  emptyDir: {sizeLimit: 4Gi}
{{- end }}
{{- include "qwenedit.modelsVolumes" . }}
{{- end }}
