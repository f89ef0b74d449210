#!/usr/bin/env bash
# Put the images of this tree onto the cluster that KUBECONFIG names; without one, make a kind cluster.
# The tests install and break the product there, so a cluster that is not kind's must be meant: IMAGE_LOADER names the
# command that copies an image onto its nodes (`true` where they pull it themselves).
# CONTAINER_TOOL is docker, podman or buildah; unset: the first that works.
set -euo pipefail
cd "$(dirname "$0")/../.."

images=(bot worker comfyui-simulator telegram-simulator)

container_tool() {
  local tool
  for tool in docker podman; do
    if "$tool" info >/dev/null 2>&1; then
      echo "$tool"
      return
    fi
  done
  echo buildah
}

if ! kubectl get --raw=/readyz >/dev/null 2>&1; then
  k8s/try/kind.sh
  images=()  # they are there now
fi

context=$(kubectl config current-context)
if [[ -z ${IMAGE_LOADER:-} && $context != kind-* ]]; then
  echo "make e2e would install on the cluster '$context'. If that is meant, set IMAGE_LOADER to the command that" >&2
  echo "copies an image onto its nodes, such as IMAGE_LOADER='minikube image load', or to true where they pull it." >&2
  exit 2
fi
read -ra loader <<<"${IMAGE_LOADER:-kind load docker-image --name ${context#kind-}}"

export REGISTRY="" CONTAINER_TOOL=${CONTAINER_TOOL:-$(container_tool)}
loading=""
for image in "${images[@]}"; do
  k8s/build-images.sh "$image"
  ${loading:+wait "$loading"}  # the last one's, while this one was built
  "${loader[@]}" "ghcr.io/qwenedit/$image:dev" &
  loading=$!
done
${loading:+wait "$loading"}
