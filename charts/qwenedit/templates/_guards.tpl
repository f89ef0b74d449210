{{/* Combinations that cannot work. Each message names the keys and says what to do. */}}
{{- define "qwenedit.guards" -}}
{{- include "qwenedit.guards.labels" . }}
{{- include "qwenedit.guards.images" . }}
{{- include "qwenedit.guards.parts" . }}
{{- include "qwenedit.guards.network" . }}
{{- include "qwenedit.guards.bot" . }}
{{- include "qwenedit.guards.worker" . }}
{{- include "qwenedit.guards.models" . }}
{{- include "qwenedit.guards.redis" . }}
{{- include "qwenedit.guards.backup" . }}
{{- include "qwenedit.guards.pictures" . }}
{{- include "qwenedit.guards.moderation" . }}
{{- include "qwenedit.guards.languageModel" . }}
{{- include "qwenedit.guards.monitoring" . }}
{{- include "qwenedit.guards.cluster" . }}
{{- end }}

{{- define "qwenedit.guards.labels" -}}
{{- $given := dict "commonLabels" .Values.commonLabels "models.download.pod.labels" (.Values.models.download.pod).labels }}
{{- range $part := list "bot" "worker" "comfyui" "redis" }}
{{- $given = set $given (printf "%s.pod.labels" $part) ((index $.Values $part).pod).labels }}
{{- end }}
{{- range $name, $labels := $given }}
{{- range $key, $_ := $labels }}
{{- if regexMatch "^(app\\.kubernetes\\.io/(name|instance|component|version|part-of|managed-by)|helm\\.sh/chart)$" $key }}
{{- fail (printf "%s has the label %s, which the chart sets itself and selects pods by: use a key of your own" $name $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.images" -}}
{{- range $part := list "bot" "worker" "comfyui" }}
{{- with (index $.Values $part).image }}
{{- if and .digest (or .tag $.Values.image.tag) }}
{{- fail (printf "%s.image.digest is set, and wins over the tag %s: for that tag set %s.image.digest to an empty text (a released chart names the digests of its images), else leave the tag empty" $part (.tag | default $.Values.image.tag) $part) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.parts" -}}
{{- range $part := list "bot" "worker" "comfyui" "redis" }}
{{- $resources := (index $.Values $part).resources }}
{{- range $name, $request := $resources.requests }}
{{- $limit := get ($resources.limits | default dict) $name }}
{{- with include "qwenedit.thousandths" $limit }}
{{- if gt (include "qwenedit.thousandths" $request | int64) (int64 .) }}
{{- fail (printf "%s.resources.requests.%s is %v, above %s.resources.limits.%s=%v: raise the limit or lower the request" $part $name $request $part $name $limit) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $part := list "bot" "worker" }}
{{- $settings := keys (include (printf "qwenedit.%sConfig" $part) $ | fromYaml) }}
{{- range include (printf "qwenedit.%sEnv" $part) $ | fromYamlArray }}
{{- $settings = append $settings .name }}
{{- end }}
{{- range ((index $.Values $part).pod).env }}
{{- if has .name $settings }}
{{- fail (printf "%s.pod.env has %s, which the chart sets from a value of its own: set that value (values.yaml names the variable), and take it out of %s.pod.env" $part .name $part) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.bot" -}}
{{- with .Values.bot }}
{{- if not (or .token.existingSecret .token.value) }}
{{- fail "bot.token.existingSecret and bot.token.value are both empty: put the token from BotFather into a Secret (kubectl create secret generic telegram --from-literal=token=…) and set bot.token.existingSecret=telegram" }}
{{- end }}
{{- if and .token.existingSecret .token.value }}
{{- fail "bot.token.existingSecret and bot.token.value are both set: leave one of them empty" }}
{{- end }}
{{- if and .settings.starPacks (or (kindIs "invalid" .settings.jobsPerDay) (not .settings.paySupport)) }}
{{- fail "bot.settings.starPacks is set: set bot.settings.jobsPerDay, beyond which they count, and bot.settings.paySupport to whom users ask, such as @name" }}
{{- end }}
{{- if and .presets.file .presets.existingConfigMap }}
{{- fail "bot.presets.file and bot.presets.existingConfigMap are both set: leave one of them empty" }}
{{- end }}
{{- if and (eq .mode "polling") (gt (int .replicas) 1) }}
{{- fail (printf "bot.replicas is %d with bot.mode=polling: Telegram gives updates to one poller only; set bot.replicas=1, or bot.mode=webhook with bot.webhook.url" (int .replicas)) }}
{{- end }}
{{- if and (eq .mode "webhook") (not .webhook.url) }}
{{- fail "bot.mode=webhook needs bot.webhook.url: set it to the public https address that Telegram calls, or set bot.mode=polling" }}
{{- end }}
{{- if and (hasPrefix "http://" .webhook.url) (hasPrefix "https://api.telegram.org" .settings.telegramApiUrl) }}
{{- fail (printf "bot.webhook.url is %s: Telegram calls https addresses only; http:// is for a Bot API server of your own in bot.settings.telegramApiUrl" .webhook.url) }}
{{- end }}
{{- $port := include "qwenedit.port" .webhook.url }}
{{- if and .webhook.url (hasPrefix "https://api.telegram.org" .settings.telegramApiUrl) (not (has $port (list "443" "80" "88" "8443"))) }}
{{- fail (printf "bot.webhook.url has the port %s: Telegram calls 443, 80, 88 and 8443 only; leave the port out and let the ingress controller forward it" $port) }}
{{- end }}
{{- if not (regexMatch "^https?://[^/]" (tpl .settings.telegramApiUrl $)) }}
{{- fail (printf "bot.settings.telegramApiUrl is %s: it must start with http:// or, for TLS, https://, such as https://api.telegram.org" (tpl .settings.telegramApiUrl $)) }}
{{- end }}
{{- if and (eq .mode "polling") .webhook.url }}
{{- fail "bot.webhook.url is set with bot.mode=polling: set bot.mode=webhook, or leave bot.webhook.url empty" }}
{{- end }}
{{- if and (eq .mode "webhook") $.Values.networkPolicy.enabled (not .webhook.from) }}
{{- fail "bot.webhook.from is empty with bot.mode=webhook and networkPolicy.enabled: nobody could reach the webhook; name the ingress controller's pods, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.worker" -}}
{{- with .Values.comfyui }}
{{- if and (eq .placement "external") (not .external.url) }}
{{- fail "comfyui.placement=external needs comfyui.external.url: set it to ComfyUI's address, such as http://comfyui.media:8188, or choose the placement sidecar or standalone" }}
{{- end }}
{{- if and (ne .placement "external") .external.url }}
{{- fail (printf "comfyui.external.url is set with comfyui.placement=%s: set comfyui.placement=external, or leave comfyui.external.url empty" .placement) }}
{{- end }}
{{- end }}
{{- $workflow := .Values.worker.settings.workflow }}
{{- $workflows := list "flux-1-kontext-dev" "invert-model-free" "qwen-image-edit-2509-fast" "qwen-image-edit-2511-fast" "qwen-image-edit-2511-quality" }}
{{- if not (or (has $workflow $workflows) (hasSuffix ".json" $workflow)) }}
{{- fail (printf "worker.settings.workflow is %s: the image has %s; for one of your own, mount its file with worker.pod.volumeMounts and give the path, such as /workflows/%s.json" $workflow (join ", " $workflows) $workflow) }}
{{- end }}
{{- if gt (int .Values.comfyui.gpu.count) 1 }}
{{- fail (printf "comfyui.gpu.count is %d: ComfyUI uses one GPU; set it to 1, and have one worker for each GPU (%s)" (int .Values.comfyui.gpu.count) (ternary "autoscaling.maxReplicas" "worker.replicas" .Values.autoscaling.enabled)) }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if ne (int $.Values.worker.replicas) 1 }}
{{- fail (printf "worker.replicas is %d with autoscaling.enabled, where KEDA sets the number: set autoscaling.minReplicas and autoscaling.maxReplicas, or autoscaling.enabled=false" (int $.Values.worker.replicas)) }}
{{- end }}
{{- if lt (int .maxReplicas) (int .minReplicas) }}
{{- fail (printf "autoscaling.maxReplicas is %d, below autoscaling.minReplicas=%d: raise the one or lower the other" (int .maxReplicas) (int .minReplicas)) }}
{{- end }}
{{- range .warmHours }}
{{- if eq "unknown" (include "qwenedit.timezone" .timezone) }}
{{- fail (printf "autoscaling.warmHours has the time zone %s, which is unknown: use a name such as Europe/Berlin or UTC" .timezone) }}
{{- end }}
{{- if gt (int .workers) (int $.Values.autoscaling.maxReplicas) }}
{{- fail (printf "autoscaling.warmHours wants %d workers, above autoscaling.maxReplicas=%d: raise the one or lower the other" (int .workers) (int $.Values.autoscaling.maxReplicas)) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Says `unknown` of a time zone that is: Helm takes it for UTC. If Helm knows no zone at all, as on a machine without
     tzdata, nothing is unknown. */}}
{{- define "qwenedit.timezone" -}}
{{- $utc := regexMatch "^(Etc/)?(UTC|UCT|Universal|Zulu)$" . }}
{{- $zones := ne (dateInZone "MST" now "Asia/Tokyo") "UTC" }}
{{- if or (eq . "Local") (and $zones (not $utc) (eq (dateInZone "MST" now .) "UTC")) }}unknown{{ end }}
{{- end }}

{{- define "qwenedit.guards.redis" -}}
{{- $external := .Values.redis.external }}
{{- if .Values.redis.enabled }}
{{- if or $external.url $external.sentinel.addresses }}
{{- fail "redis.external is set, but redis.enabled=true runs a Redis of this release: set redis.enabled=false, or leave redis.external.url and redis.external.sentinel.addresses empty" }}
{{- end }}
{{- include "qwenedit.guards.redisClaim" . }}
{{- with .Values.redis }}
{{- include "qwenedit.redisRoom" (dict "root" $ "name" "redis.resources.limits.memory" "quantity" ((.resources).limits).memory "times" 2
      "why" "the fork that rewrites the append-only file may take as much again") }}
{{- if and .persistence.enabled (not .persistence.existingClaim) }}
{{- include "qwenedit.redisRoom" (dict "root" $ "name" "redis.persistence.size" "quantity" .persistence.size "times" 3
      "why" "a rewrite of the append-only file takes three times as much, and docs/upgrades.md says how the claim of an installation grows") }}
{{- end }}
{{- end }}
{{- else }}
{{- if not $external.url }}
{{- fail "redis.enabled=false needs redis.external.url, such as redis://redis.data:6379/0, or with redis.external.sentinel.addresses redis://MASTER/0" }}
{{- end }}
{{- if contains "@" $external.url }}
{{- fail "redis.external.url holds credentials: put them into a Secret and name it in redis.external.existingSecret, with the user in redis.external.username" }}
{{- end }}
{{- if not (regexMatch "^rediss?://" (tpl $external.url .)) }}
{{- fail (printf "redis.external.url is %s: it must start with redis:// or, for TLS, rediss://" (tpl $external.url .)) }}
{{- end }}
{{- if and (or $external.sentinel.passwordKey $external.username) (not $external.existingSecret) }}
{{- fail "redis.external.username and redis.external.sentinel.passwordKey need redis.external.existingSecret: name the Secret that holds the passwords" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.moderation" -}}
{{- with .Values.bot.moderation }}
{{- if .url }}
{{- if not (regexMatch "^https?://[^/]" (tpl .url $)) }}
{{- fail "bot.moderation.url must start with http:// or, for TLS, https://, such as http://moderation.trust:8080/check" }}
{{- end }}
{{- else }}
{{- if .token.existingSecret }}
{{- fail "bot.moderation.token.existingSecret is set, but nobody is asked: set bot.moderation.url to the hook's address, or leave the secret empty" }}
{{- end }}
{{- if $.Values.networkPolicy.moderationTo }}
{{- fail "networkPolicy.moderationTo is set, but nobody is asked: set bot.moderation.url to the hook's address, or leave the list empty" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.languageModel" -}}
{{- with .Values.bot.languageModel }}
{{- if .url }}
{{- if not (regexMatch "^https?://[^/]" (tpl .url $)) }}
{{- fail "bot.languageModel.url must start with http:// or, for TLS, https://, such as http://ollama.models:11434/v1" }}
{{- end }}
{{- if not .model }}
{{- fail "bot.languageModel.url is set: set bot.languageModel.model to the model's name at that server" }}
{{- end }}
{{- else if or .model .key.existingSecret $.Values.networkPolicy.languageModelTo }}
{{- fail "bot.languageModel.model, bot.languageModel.key.existingSecret or networkPolicy.languageModelTo is set, but no model is asked: set bot.languageModel.url to the server's base URL, or leave them empty" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "qwenedit.guards.monitoring" -}}
{{- range list "podMonitor" "alerts" }}
{{- if and (index $.Values.monitoring .).enabled $.Values.networkPolicy.enabled (not $.Values.networkPolicy.metricsFrom) }}
{{- fail (printf "networkPolicy.metricsFrom is empty with monitoring.%s.enabled and networkPolicy.enabled: Prometheus could not read bot and workers, and QweneditBotDown would fire for ever; name Prometheus' pods, such as [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], or set networkPolicy.enabled=false where nothing enforces policies" .) }}
{{- end }}
{{- end }}
{{- with .Values.monitoring.traces }}
{{- if .endpoint }}
{{- if not (regexMatch "^https?://[^/]" (tpl .endpoint $)) }}
{{- fail (printf "monitoring.traces.endpoint is %s: it must start with http:// or, for TLS, https://, such as http://otel-collector.observability:4318" (tpl .endpoint $)) }}
{{- end }}
{{- else }}
{{- if .headers.existingSecret }}
{{- fail "monitoring.traces.headers.existingSecret is set, but no traces are exported: set monitoring.traces.endpoint to the collector's address, or leave the secret empty" }}
{{- end }}
{{- if $.Values.networkPolicy.collectorTo }}
{{- fail "networkPolicy.collectorTo is set, but no traces are exported: set monitoring.traces.endpoint to the collector's address, or leave the list empty" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* What the cluster lacks. Offline (helm template) nobody knows: an API that every cluster has, and that Helm does not
     assume, says whether there is one. A lookup would need rights that who owns one namespace has not. */}}
{{- define "qwenedit.guards.cluster" -}}
{{- if .Capabilities.APIVersions.Has "apiregistration.k8s.io/v1" }}
{{- if and .Values.autoscaling.enabled (not (.Capabilities.APIVersions.Has "keda.sh/v1alpha1")) }}
{{- fail "autoscaling.enabled needs KEDA, which this cluster lacks (no API keda.sh/v1alpha1): install it (helm install keda keda --repo https://kedacore.github.io/charts -n keda --create-namespace), or set autoscaling.enabled=false and worker.replicas" }}
{{- end }}
{{- if and (eq .Values.bot.mode "webhook") (.Values.bot.webhook.httpRoute).parentRefs (not (.Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1")) }}
{{- fail "bot.webhook.httpRoute.parentRefs needs the Gateway API, which this cluster lacks (no API gateway.networking.k8s.io/v1): install it with your gateway, or leave the list empty and use bot.webhook.ingress" }}
{{- end }}
{{- range list "podMonitor" "alerts" }}
{{- $wanted := index $.Values.monitoring . }}
{{- if and $wanted.enabled (ne (default "" $wanted.kind) "ConfigMap") (not ($.Capabilities.APIVersions.Has "monitoring.coreos.com/v1")) }}
{{- fail (printf "monitoring.%s.enabled needs the Prometheus operator, which this cluster lacks (no API monitoring.coreos.com/v1): install it, or set monitoring.%s.enabled=false%s" . . (ternary " or monitoring.alerts.kind=ConfigMap" "" (eq . "alerts"))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
