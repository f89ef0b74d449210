{{/* The rule file, the same for the Prometheus operator and for a Prometheus without one. */}}
{{- define "qwenedit.ruleGroups" -}}
{{- $rules := .Values.monitoring.alerts.rules }}
{{- $least := subf .Values.monitoring.alerts.leastFailures 0.5 }}
{{- $goals := .Values.monitoring.alerts.objectives }}
{{- $ours := tpl .Values.monitoring.alerts.selector . }}
{{- $recorded := include "qwenedit.recorded" . }}
{{- $queue := printf "min_over_time(namespace_place:qwenedit_queue_jobs:leader{%s,place=" $recorded }}
{{- $waiting := printf "%s\"waiting\"}[5m]) > 0" $queue }}
{{- $up := printf "(sum by (namespace) (qwenedit_comfyui_up{%s}) > 0)" $ours }}
{{- $paused := printf "(max by (namespace) (qwenedit_queue_paused{%s}) == 1)" $ours }}
{{- $calls := printf "qwenedit_telegram_requests_total{%s" $ours }}
{{- $checks := printf "qwenedit_moderation_checks_total{%s" $ours }}
{{- $rejected := printf "%s,status=~\"401|404|409|429|5xx|network|unreadable\"}[10m]" $calls -}}
groups:
- name: {{ include "qwenedit.fullname" . }}.records
  rules:
    {{- include "qwenedit.records" . | nindent 4 }}
- name: {{ include "qwenedit.fullname" . }}.alerts
  rules:
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditJobsFailFast"
          "expr" (include "qwenedit.burns" (dict "root" . "of" "failed" "objective" $goals.success "factor" 14.4 "short" "5m" "long" "1h"))
          "summary" "Many jobs fail."
          "description" "{{ $value | printf \"%.1f\" }} % of the jobs of the last five minutes in {{ $labels.namespace }} ended without a picture."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditJobsFailSlowly"
          "expr" (include "qwenedit.burns" (dict "root" . "of" "failed" "objective" $goals.success "factor" 3.0 "short" "2h" "long" "1d"))
          "summary" "More jobs fail than may, for hours."
          "description" "{{ $value | printf \"%.1f\" }} % of the jobs of the last two hours in {{ $labels.namespace }} ended without a picture."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditAnswersLateFast"
          "expr" (include "qwenedit.burns" (dict "root" . "of" "late" "objective" $goals.inTime "factor" 14.4 "short" "5m" "long" "1h"))
          "summary" "Most users wait too long for their pictures."
          "description" (printf "{{ $value | printf \"%%.0f\" }} %% of the answers of the last five minutes in {{ $labels.namespace }} took more than %v s." $goals.answerSeconds)
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditAnswersLateSlowly"
          "expr" (include "qwenedit.burns" (dict "root" . "of" "late" "objective" $goals.inTime "factor" 3.0 "short" "2h" "long" "1d"))
          "summary" "More users than may wait too long for their pictures, for hours."
          "description" (printf "{{ $value | printf \"%%.0f\" }} %% of the answers of the last two hours in {{ $labels.namespace }} took more than %v s." $goals.answerSeconds)
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditQueueStuck"
          "expr" (printf "%s and on (namespace) %s unless on (namespace) (sum by (namespace) (increase(qwenedit_jobs_finished_total{%s}[15m])) > 0) unless on (namespace) %s" $waiting $up $ours $paused)
          "summary" "Jobs wait, workers are up, and none ends."
          "description" "{{ $value }} jobs wait in {{ $labels.namespace }}, and in a quarter of an hour none has ended."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditNoWorker"
          "expr" (printf "%s unless on (namespace) %s unless on (namespace) (%s\"running\"}[1m]) > 0) unless on (namespace) %s" $waiting $up ($queue | replace "min_over_time" "max_over_time") $paused)
          "summary" "Jobs wait and no worker comes up."
          "description" "{{ $value }} jobs wait in {{ $labels.namespace }}, none runs, and no worker has a ComfyUI that is ready."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditLineLong"
          "expr" (printf "namespace:qwenedit_queue_oldest_wait_seconds:leader{%s} > %v unless on (namespace) %s" $recorded $rules.QweneditLineLong.seconds $paused)
          "summary" "Jobs come faster than the GPUs edit."
          "description" "The job that is next in line in {{ $labels.namespace }} has waited for {{ $value | humanizeDuration }}."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditPauseForgotten"
          "expr" (printf "%s and on (namespace) %s" $waiting $paused)
          "summary" "The queue is still paused, and users wait."
          "description" (printf "{{ $value }} jobs wait in {{ $labels.namespace }} for an operator to end the pause; each fails after %v s." .Values.bot.settings.maxWait)
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditWorkersLost"
          "expr" (printf "sum by (namespace) (increase(qwenedit_jobs_reaped_total{%s}[1h])) > %v" $ours (subf $rules.QweneditWorkersLost.jobs 0.5))
          "summary" "Workers disappear with jobs in hand."
          "description" "{{ $value | printf \"%.0f\" }} jobs of the last hour in {{ $labels.namespace }} lost the worker that had them."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditComfyUIRestarts"
          "expr" (printf "sum by (namespace) (increase(qwenedit_comfyui_zombie_verdicts_total{%s}[1h])) > %v" $ours (subf $rules.QweneditComfyUIRestarts.restarts 0.5))
          "summary" "ComfyUI keeps hanging and is restarted."
          "description" "{{ $value | printf \"%.0f\" }} times in an hour a ComfyUI in {{ $labels.namespace }} took jobs and executed none."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditBotDown"
          "expr" (printf "absent(qwenedit_bot_leader{%s} == 1)" $ours)
          "summary" "No bot is at work."
          "description" (printf "In %s no replica of the bot is up and leads: nobody is answered." .Release.Namespace)
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditTelegramRejects"
          "expr" (printf "100 * sum by (namespace) (increase(%s)) / (sum by (namespace) (increase(%s}[10m])) > 0) > %v and sum by (namespace) (increase(%s)) > %v" $rejected $calls $rules.QweneditTelegramRejects.percent $rejected $least)
          "summary" "Telegram does not take the bot's calls."
          "description" "{{ $value | printf \"%.0f\" }} % of the bot's calls in {{ $labels.namespace }} fail on Telegram's side or on the way there."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditUsersTurnedAway"
          "expr" (printf "sum by (namespace, reason) (increase(qwenedit_bot_refusals_total{%s,reason=~\"queue_full|storage_full\"}[10m])) > 0" $ours)
          "summary" "New jobs are refused for lack of room."
          "description" "Users in {{ $labels.namespace }} are told to come back later: {{ $labels.reason }}."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditModerationFails"
          "expr" (printf "100 * sum by (namespace) (increase(%s,outcome=\"error\"}[10m])) / (sum by (namespace) (increase(%s}[10m])) > 0) > %v and sum by (namespace) (increase(%s,outcome=\"error\"}[10m])) > %v" $checks $checks $rules.QweneditModerationFails.percent $checks $least)
          "summary" "The moderation hook gives no answer of use."
          "description" (printf "{{ $value | printf \"%%.0f\" }} %% of the questions to the moderation hook in {{ $labels.namespace }} fail; what it concerns is %s." (ternary "let through unchecked" "turned away" (eq .Values.bot.moderation.onError "allow")))
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditRedisNearlyFull"
          "expr" (printf "100 * max by (namespace) (qwenedit_redis_memory_used_bytes{%s}) / (max by (namespace) (qwenedit_redis_memory_max_bytes{%s}) > 0) > %v" $ours $ours $rules.QweneditRedisNearlyFull.percent)
          "summary" "Redis is near its memory limit."
          "description" "Redis in {{ $labels.namespace }} uses {{ $value | printf \"%.0f\" }} % of the memory it may. When it is full, new jobs are refused."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditDeadLetters"
          "expr" (printf "%s\"dead\"}[5m]) > %v" $queue $rules.QweneditDeadLetters.jobs)
          "summary" "Failed jobs have piled up."
          "description" "{{ $value }} jobs in {{ $labels.namespace }} have failed for good and wait for a decision: try them again, or drop them."
        ) | nindent 4 }}
    {{- include "qwenedit.alert" (dict "root" . "name" "QweneditSetAside"
          "expr" (printf "sum by (namespace) (qwenedit_bot_entries{%s,place=\"set_aside\"} and on (namespace, instance) (qwenedit_bot_leader{%s} == 1)) > %v" $ours $ours $rules.QweneditSetAside.entries)
          "summary" "Updates or answers were set aside."
          "description" "{{ $value }} updates or answers in {{ $labels.namespace }} could not be worked off and wait for an operator."
        ) | nindent 4 }}
{{- end }}
