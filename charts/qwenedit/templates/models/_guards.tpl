{{/* Whether the models come from a claim. */}}
{{- define "qwenedit.modelsFromClaim" -}}
{{- if and .Values.models.enabled (not .Values.models.volume) (ne .Values.comfyui.placement "external") }}true{{ end }}
{{- end }}

{{/* The claim as the cluster has it. */}}
{{- define "qwenedit.modelsExisting" -}}
{{- include "qwenedit.existing" (dict "root" . "version" "v1" "kind" "PersistentVolumeClaim" "name" (include "qwenedit.modelsClaim" .)) }}
{{- end }}

{{/* The claim's access modes, with spaces between them: as the cluster has them, else as the values say. Empty: unknown,
     as those of an existing claim are where the chart is rendered without a cluster (Argo CD, helm template). */}}
{{- define "qwenedit.modelsAccessModes" -}}
{{- $claim := .Values.models.claim }}
{{- $modes := dig "spec" "accessModes" (ternary list $claim.accessModes (ne "" $claim.existingClaim)) (include "qwenedit.modelsExisting" . | fromJson) }}
{{- $modes | sortAlpha | join " " }}
{{- end }}

{{/* What a claim's access modes do not allow. Several workers with ReadWriteOnce are right where all GPUs are in one node:
     the notes speak of that. */}}
{{- define "qwenedit.guards.models" -}}
{{- with .Values.models }}
{{- if and .volume .claim.existingClaim }}
{{- fail "models.volume and models.claim.existingClaim are both set: leave one of them empty" }}
{{- end }}
{{- end }}
{{- if and .Values.models.download.onEachNode (include "qwenedit.modelsDownload" .) (not (include "qwenedit.modelsPodValues" . | fromJson).nodeSelector) }}
{{- fail "models.download.onEachNode needs worker.pod.nodeSelector, or models.download.pod.nodeSelector: without one every node would download the models; name the nodes with a GPU, such as {nvidia.com/gpu.present: \"true\"}" }}
{{- end }}
{{- if include "qwenedit.modelsFromClaim" . }}
{{- $claim := include "qwenedit.modelsClaim" . }}
{{- $existing := .Values.models.claim.existingClaim }}
{{- $modes := include "qwenedit.modelsAccessModes" . }}
{{- $most := include "qwenedit.mostWorkers" . | int }}
{{- if not $existing }}
{{- include "qwenedit.guards.modelsClaim" . }}
{{- end }}
{{- if and (eq $modes "ReadWriteOncePod") (eq .Values.comfyui.placement "sidecar") (gt $most 1) }}
{{- fail (printf "the models' claim %s is ReadWriteOncePod, which one pod mounts, but %s allows %d workers: use a claim with ReadWriteMany, or ReadWriteOnce where all GPUs are in one node (models.claim.accessModes, models.claim.existingClaim), or allow one worker; docs/models.md has other ways" $claim (ternary "autoscaling.maxReplicas" "worker.replicas" .Values.autoscaling.enabled) $most) }}
{{- end }}
{{- if and (eq $modes "ReadOnlyMany") (include "qwenedit.modelsDownload" .) }}
{{- fail (printf "the models' claim %s is ReadOnlyMany, which the download job cannot write into: set models.download.enabled=false if it is filled by other means, or use a claim with ReadWriteMany" $claim) }}
{{- end }}
{{- end }}
{{- end }}

{{/* What Kubernetes changes of no claim: the one of this release stays as it is. */}}
{{- define "qwenedit.guards.modelsClaim" -}}
{{- $name := include "qwenedit.modelsClaim" . }}
{{- with (include "qwenedit.modelsExisting" . | fromJson).spec }}
{{- $values := $.Values.models.claim }}
{{- $class := .storageClassName | default "no class" }}
{{- $size := .resources.requests.storage }}
{{- $changes := list (list "accessModes" ($values.accessModes | sortAlpha | join " ") (.accessModes | sortAlpha | join " ")) (list "storageClassName" ($values.storageClassName | default $class) $class) }}
{{- if lt (include "qwenedit.thousandths" $values.size | int64) (include "qwenedit.thousandths" $size | int64) }}
{{- $changes = append $changes (list "size" $values.size $size) }}
{{- end }}
{{- range $changes }}
{{- if ne (index . 1) (index . 2) }}
{{- fail (printf "models.claim.%s is %s, but the claim %s exists with %s, and Kubernetes does not change that: set models.claim.existingClaim to another claim, or delete this one (kubectl -n %s delete pvc %s), and the files are downloaded again" (index . 0) (index . 1) $name (index . 2) $.Release.Namespace $name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What may be right or wrong with a claim, and only the operator knows. */}}
{{- define "qwenedit.modelsNotes" -}}
{{- if include "qwenedit.modelsFromClaim" . }}
{{- $claim := include "qwenedit.modelsClaim" . }}
{{- $modes := include "qwenedit.modelsAccessModes" . }}
{{- $most := include "qwenedit.mostWorkers" . | int }}
{{- $pinned := hasKey ((.Values.worker.pod).nodeSelector | default dict) "kubernetes.io/hostname" }}
{{- if and (eq $modes "ReadWriteOnce") (eq .Values.comfyui.placement "sidecar") (gt $most 1) (not $pinned) }}
WARNING: one node at a time can mount the models' claim {{ $claim }} (ReadWriteOnce), and there may be {{ $most }} workers.
That's fine if all GPUs are on one node. A worker on a second node never starts: its pod waits in ContainerCreating
(Multi-Attach error) or Pending. For several nodes see docs/models.md, for one GPU set {{ ternary "autoscaling.maxReplicas" "worker.replicas" .Values.autoscaling.enabled }}=1.
{{- end }}
{{- if and (not $modes) (.Capabilities.APIVersions.Has "apiregistration.k8s.io/v1") }}
WARNING: the models' claim {{ $claim }} does not exist in {{ .Release.Namespace }}: workers stay Pending until it does.
{{- end }}
{{- end }}
{{- end }}
