{{/* Image reference. Takes root and image. `global.imageRegistry` takes the place of a registry that the repository
     names; a first part with a dot or a port is one. */}}
{{- define "qwenedit.image" -}}
{{- $tag := .image.tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- if and (eq $tag "latest") (not .image.digest) }}
{{- fail (printf "the tag of the image %s is latest, and nobody could say what runs: set its tag to a version, or its digest" .image.repository) }}
{{- end }}
{{- with .root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}
{{- if .root.Values.global.imageRegistry }}
{{- regexReplaceAll "^(localhost|[^/]*[.:][^/]*)/" .image.repository "" }}
{{- else }}
{{- .image.repository }}
{{- end }}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ $tag }}{{ end }}
{{- end }}

{{/* What all containers have. Takes root and image. */}}
{{- define "qwenedit.container" -}}
image: {{ include "qwenedit.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
terminationMessagePolicy: FallbackToLogsOnError  # `kubectl describe pod` then shows why a container ended
securityContext:
  {{- toYaml .root.Values.containerSecurityContext | nindent 2 }}
{{- end }}

{{/* Probes of bot and worker. A kill takes ten seconds, not the pod's grace period. */}}
{{- define "qwenedit.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 2
  failureThreshold: 30
livenessProbe:
  httpGet: {path: /livez, port: probes}
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
  terminationGracePeriodSeconds: 10
readinessProbe:
  httpGet: {path: /readyz, port: probes}
  periodSeconds: 5
  timeoutSeconds: 3
{{- end }}

{{/* Seconds that a part's pods may take to end, hooks included: the longest running work, and time to close. Takes root
     and part. A job may begin in the moment of a pod's deletion; after it, worker and ComfyUI have a minute. */}}
{{- define "qwenedit.gracePeriod" -}}
{{- $job := add (int .root.Values.worker.settings.comfyuiTimeout) 60 }}
{{- $delay := ternary (int .root.Values.bot.webhook.stopDelay) 0 (eq .root.Values.bot.mode "webhook") }}
{{- get (dict "bot" (add 30 $delay) "worker" $job "comfyui" $job "redis" 60 "models" 10 "test" 10 "backup" 10 "image-check" 10) .part }}
{{- end }}

{{/* Where a process runs: its traces say so. */}}
{{- define "qwenedit.whereEnv" -}}
- name: POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- end }}

{{/* Tolerations of a part: its own and, with leavesLostNode, how long its pods stay bound to a node that is lost. Of two
     for one taint Kubernetes takes the shorter, so a taint that the part's own tolerate gets no other. */}}
{{- define "qwenedit.tolerations" -}}
{{- $own := .pod.tolerations | default list }}
{{- $all := $own }}
{{- if .leavesLostNode }}
{{- $loss := .root.Values.nodeLoss | default dict }}
{{- range $taint, $seconds := dict "not-ready" $loss.notReadySeconds "unreachable" $loss.unreachableSeconds }}
{{- $key := printf "node.kubernetes.io/%s" $taint }}
{{- $tolerated := kindIs "invalid" $seconds }}
{{- range $own }}
{{- if and (eq (.key | default $key) $key) (eq (.effect | default "NoExecute") "NoExecute") }}
{{- $tolerated = true }}
{{- end }}
{{- end }}
{{- if not $tolerated }}
{{- $all = append $all (dict "key" $key "operator" "Exists" "effect" "NoExecute" "tolerationSeconds" (int $seconds)) }}
{{- end }}
{{- end }}
{{- end }}
{{- with $all }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Metadata of a workload of a part. Takes root, part and, where they differ, name and version. */}}
{{- define "qwenedit.workload" -}}
name: {{ .name | default (printf "%s-%s" (include "qwenedit.fullname" .root) .part) }}
labels:
  {{- include "qwenedit.labels" (omit . "pod") | nindent 2 }}
{{- with .root.Values.deploymentAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Metadata of a workload's pods. Takes root, part, pod: what the values say of it, data: what restarts it by a change, and,
     where it differs, version. */}}
{{- define "qwenedit.podMetadata" -}}
labels:
  {{- include "qwenedit.podLabels" . | nindent 2 }}
annotations:
  checksum/config: {{ .data | sha256sum }}
  {{- with .pod.annotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* What the pods of all parts have, the helpers' too. No part calls the Kubernetes API, so no pod gets a service account
     token. Takes root, part, pod: what the values say of it, and, where they differ, runAsUser and leavesLostNode: whether it is
     replaced within seconds when its node is lost. */}}
{{- define "qwenedit.podSpec" -}}
terminationGracePeriodSeconds: {{ include "qwenedit.gracePeriod" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .root.Values.global.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "map" . }}{{ .name }}{{ else }}{{ . }}{{ end }}
  {{- end }}
{{- end }}
securityContext:
  {{- $context := deepCopy .root.Values.podSecurityContext }}
  {{- with .runAsUser }}
  {{- $context = mergeOverwrite $context (dict "runAsUser" . "runAsGroup" . "fsGroup" .) }}
  {{- end }}
  {{- toYaml $context | nindent 2 }}
{{- with .pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "qwenedit.tolerations" . }}
tolerations:
  {{- . | nindent 2 }}
{{- end }}
{{- with .pod.affinity }}
affinity:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with .pod.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with .pod.priorityClassName }}
priorityClassName: {{ tpl . $.root }}
{{- end }}
{{- with .pod.runtimeClassName }}
runtimeClassName: {{ tpl . $.root }}
{{- end }}
{{- with .pod.hostAliases }}
hostAliases:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- with .pod.dnsConfig }}
dnsConfig:
  {{- tpl (toYaml .) $.root | nindent 2 }}
{{- end }}
{{- end }}

{{/* A list from the values, as a template. Takes root and list. */}}
{{- define "qwenedit.list" -}}
{{- with .list }}{{ tpl (toYaml .) $.root }}{{ end }}
{{- end }}

{{/* Data of a ConfigMap. A setting without a value is left to the service's own default: a release of a chart that did not
     know it may keep its values (`helm upgrade --reuse-values`). Takes the settings as YAML. */}}
{{- define "qwenedit.configData" -}}
{{- range $name, $value := fromYaml . }}
{{- if not (has (toString $value) (list "" "<nil>" "<no value>")) }}
{{ $name }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* A word that is generated once and then kept: what the cluster's Secret says wins. Takes root, secret and key. */}}
{{- define "qwenedit.keptSecret" -}}
{{- $known := include "qwenedit.existing" (dict "root" .root "version" "v1" "kind" "Secret" "name" .secret) | fromJson }}
{{- index ($known.data | default dict) .key | default (randAlphaNum 40 | b64enc) }}
{{- end }}
