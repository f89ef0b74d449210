#!/usr/bin/env bash
# Install the product with both simulators into the current cluster, send a job through it, and open the chat page.
# Needs KEDA and the images ghcr.io/qwenedit/*:dev on the nodes. PORT is the page's port here; NO_CHAT=1 leaves it closed.
# OBSERVE=1 installs Grafana, Tempo, Prometheus and Loki too, whose images come from their registries.
set -euo pipefail
cd "$(dirname "$0")/../.."

namespace=qwenedit-try
port=${PORT:-8090}

kubectl apply -k k8s/try
kubectl -n "$namespace" rollout status deployment/telegram-simulator --timeout=60s
values=(--values charts/qwenedit/examples/simulators/values.yaml)
if [[ -n ${OBSERVE:-} ]]; then
  kubectl apply -k k8s/observability
  values+=(--values k8s/observability/values.yaml)
fi
helm upgrade --install qwenedit charts/qwenedit --namespace "$namespace" "${values[@]}" --wait --timeout 120s >/dev/null
helm test qwenedit --namespace "$namespace" --timeout 120s >/dev/null
echo "A job went through queue, worker and ComfyUI. Remove everything:"
echo "  helm uninstall qwenedit --namespace $namespace && kubectl delete namespace $namespace"

if [[ -n ${OBSERVE:-} ]]; then
  echo "Look at it: kubectl -n observability port-forward service/grafana 3000, then http://127.0.0.1:3000"
fi
if [[ -z ${NO_CHAT:-} ]]; then
  echo "Chat with the bot: http://127.0.0.1:$port (Ctrl-C closes the page's way, not the installation)"
  exec kubectl -n "$namespace" port-forward service/telegram-simulator "$port:8090" --address 127.0.0.1 >/dev/null
fi
