{{/* Whether the models come from a claim. */}}
{{- define "qwenedit.modelsFromClaim" -}}
{{- if and .Values.models.enabled (not .Values.models.volume) (ne .Values.comfyui.placement "external") }}true{{ end }}
{{- end }}

{{/* The claim's access modes, with spaces between them: as the cluster has them, else as the values say. Empty: unknown,
     as those of an existing claim are where the chart is rendered without a cluster (Argo CD, helm template). */}}
{{- define "qwenedit.modelsAccessModes" -}}
{{- $claim := .Values.models.claim }}
{{- $known := lookup "v1" "PersistentVolumeClaim" .Release.Namespace (include "qwenedit.modelsClaim" .) | default dict }}
{{- $modes := dig "spec" "accessModes" (ternary list $claim.accessModes (ne "" $claim.existingClaim)) $known }}
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
{{- if and .Values.models.download.onEachNode (include "qwenedit.modelsDownload" .) (not (or (.Values.models.download.pod).nodeSelector (.Values.worker.pod).nodeSelector)) }}
{{- fail "models.download.onEachNode needs models.download.pod.nodeSelector or worker.pod.nodeSelector: without one every node would download the models; name the nodes with a GPU, such as {nvidia.com/gpu.present: \"true\"}" }}
{{- end }}
{{- if include "qwenedit.modelsFromClaim" . }}
{{- $claim := include "qwenedit.modelsClaim" . }}
{{- $existing := .Values.models.claim.existingClaim }}
{{- $modes := include "qwenedit.modelsAccessModes" . }}
{{- $wanted := .Values.models.claim.accessModes | sortAlpha | join " " }}
{{- $most := include "qwenedit.mostWorkers" . | int }}
{{- if and (not $existing) (ne $modes $wanted) }}
{{- fail (printf "models.claim.accessModes is %s, but the claim %s exists with %s, and Kubernetes changes no claim's modes: set models.claim.existingClaim to another claim, or delete this one (kubectl -n %s delete pvc %s), and the files are downloaded again" $wanted $claim $modes .Release.Namespace $claim) }}
{{- end }}
{{- if and (eq $modes "ReadWriteOncePod") (eq .Values.comfyui.placement "sidecar") (gt $most 1) }}
{{- fail (printf "the models' claim %s is ReadWriteOncePod, which one pod mounts, but %s allows %d workers: use a claim with ReadWriteMany, or ReadWriteOnce where all GPUs are in one node (models.claim.accessModes, models.claim.existingClaim), or allow one worker; docs/models.md has other ways" $claim (ternary "autoscaling.maxReplicas" "worker.replicas" .Values.autoscaling.enabled) $most) }}
{{- end }}
{{- if and (eq $modes "ReadOnlyMany") (include "qwenedit.modelsDownload" .) }}
{{- fail (printf "the models' claim %s is ReadOnlyMany, which the download job cannot write into: set models.download.enabled=false if it is filled by other means, or use a claim with ReadWriteMany" $claim) }}
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
That is right where all GPUs are in one node. A worker on a second node never starts: its pod waits in ContainerCreating
(Multi-Attach error) or Pending. For several nodes see docs/models.md, for one GPU set {{ ternary "autoscaling.maxReplicas" "worker.replicas" .Values.autoscaling.enabled }}=1.
{{- end }}
{{- if and (not $modes) (.Capabilities.APIVersions.Has "apiregistration.k8s.io/v1") }}
WARNING: the models' claim {{ $claim }} does not exist in {{ .Release.Namespace }}: workers stay Pending until it does.
{{- end }}
{{- end }}
{{- end }}
