{{/* The rule file, the same for the Prometheus operator and for a Prometheus without one. */}}
{{- define "qwenedit.ruleGroups" -}}
{{- $file := .Files.Get "alerts.yaml" | fromYaml }}
{{- $words := dict
      "ours" (tpl .Values.monitoring.alerts.selector .)
      "recorded" (include "qwenedit.recorded" .)
      "namespace" .Release.Namespace
      "claim" (tpl .Values.redis.persistence.existingClaim . | default (printf "data-%s-redis-0" (include "qwenedit.fullname" .)))
      "leastFailures" (toString .Values.monitoring.alerts.leastFailures)
      "answerSeconds" (toString .Values.monitoring.alerts.objectives.answerSeconds)
      "maxWait" (printf "%v" .Values.bot.settings.maxWait) -}}
groups:
- name: {{ include "qwenedit.fullname" . }}.records
  rules:
    {{- include "qwenedit.records" . | nindent 4 }}
- name: {{ include "qwenedit.fullname" . }}.alerts
  rules:
    {{- range $file.alerts }}
    {{- include "qwenedit.alert" (dict "root" $ "alert" . "expressions" $file.expressions "words" $words) | nindent 4 }}
    {{- end }}
{{- end }}
