{{/* How many workers an hour's budget pays for; empty where there is none. Sprig divides in decimals, to sixteen places:
     0.3 / 0.1 is 3. A quotient that these places round up is told by its product. Helm's --set makes texts of numbers
     with a point. */}}
{{- define "qwenedit.budgetWorkers" -}}
{{- $budget := float64 .Values.gpu.hourlyBudget }}
{{- $price := float64 .Values.gpu.hourlyPrice }}
{{- if and $budget $price }}
{{- $workers := divf $budget $price | floor }}
{{- ternary (subf $workers 1) $workers (gt (mulf $workers $price) $budget) | int64 }}
{{- end }}
{{- end }}

{{/* How many workers there may be at once: a hard budget holds whatever else dies. */}}
{{- define "qwenedit.mostWorkers" -}}
{{- $most := ternary .Values.autoscaling.maxReplicas .Values.worker.replicas .Values.autoscaling.enabled | int64 }}
{{- $paid := include "qwenedit.budgetWorkers" . }}
{{- if and $paid (eq .Values.gpu.budgetMode "hard") }}{{ min $most (int64 $paid) }}{{ else }}{{ $most }}{{ end }}
{{- end }}

{{- define "qwenedit.guards.budget" -}}
{{- with .Values.gpu }}
{{- if and (float64 .hourlyBudget) (not (float64 .hourlyPrice)) }}
{{- fail (printf "gpu.hourlyBudget is %v and gpu.hourlyPrice 0: set gpu.hourlyPrice to what an hour of one worker's GPU costs, or gpu.hourlyBudget to 0" .hourlyBudget) }}
{{- end }}
{{- $paid := include "qwenedit.budgetWorkers" $ }}
{{- if $paid }}
{{- if lt (int64 $paid) 1 }}
{{- fail (printf "gpu.hourlyBudget is %v, below gpu.hourlyPrice=%v, and pays for no worker: raise it, or set it to 0 for no budget" .hourlyBudget .hourlyPrice) }}
{{- end }}
{{- if eq .budgetMode "hard" }}
{{- $least := ternary "autoscaling.minReplicas" "worker.replicas" $.Values.autoscaling.enabled }}
{{- $wanted := ternary $.Values.autoscaling.minReplicas $.Values.worker.replicas $.Values.autoscaling.enabled | int64 }}
{{- if gt $wanted (int64 $paid) }}
{{- fail (printf "%s is %d, but gpu.hourlyBudget=%v pays for %s workers at gpu.hourlyPrice=%v: raise the budget, lower %s, or set gpu.budgetMode=soft" $least $wanted .hourlyBudget $paid .hourlyPrice $least) }}
{{- end }}
{{- if $.Values.autoscaling.enabled }}
{{- range $.Values.autoscaling.warmHours }}
{{- if gt (int64 .workers) (int64 $paid) }}
{{- fail (printf "autoscaling.warmHours wants %d workers, but gpu.hourlyBudget=%v pays for %s: raise the budget, lower workers, or set gpu.budgetMode=soft" (int64 .workers) $.Values.gpu.hourlyBudget $paid) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
