#!/usr/bin/env bash
# Make a kind cluster with KEDA, two pretended GPUs and this tree's images; does nothing twice.
set -euo pipefail
cd "$(dirname "$0")/../.."

cluster=qwenedit
keda_version=2.21.0
gpus=2
images=(bot worker comfyui-simulator telegram-simulator)

missing=()
for tool in kind docker kubectl helm; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if ((${#missing[@]})); then
  echo "make try needs ${missing[*]}, which this machine lacks." >&2
  echo "kind: https://kind.sigs.k8s.io/docs/user/quick-start; without a cluster, 'make run' starts the product here." >&2
  echo "With a cluster of your own that has KEDA and the images: k8s/try/install.sh" >&2
  exit 2
fi
if ! docker info >/dev/null 2>&1; then
  echo "make try needs a Docker daemon that answers: start it, or look at what 'docker info' says." >&2
  exit 2
fi

if ! kind get clusters 2>/dev/null | grep -qx "$cluster"; then
  kind create cluster --config k8s/kind/cluster.yaml --wait 120s
fi
kubectl config use-context "kind-$cluster" >/dev/null

REGISTRY="" CONTAINER_TOOL=docker k8s/build-images.sh "${images[@]}"
for image in "${images[@]}"; do
  kind load docker-image --name "$cluster" "ghcr.io/qwenedit/$image:dev"
done

helm upgrade --install keda keda --repo https://kedacore.github.io/charts --version "$keda_version" \
  --namespace keda --create-namespace --wait --timeout 300s

# Numbers, not devices: the ComfyUI simulator needs none, and the scheduler counts them as it would count real ones.
for node in $(kubectl get nodes -o name); do
  kubectl patch "$node" --subresource=status --type=json -p \
    "[{\"op\": \"add\", \"path\": \"/status/capacity/nvidia.com~1gpu\", \"value\": \"$gpus\"}]" >/dev/null
done
