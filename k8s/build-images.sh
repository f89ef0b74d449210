#!/usr/bin/env bash
# Build the product's images: build-images.sh [NAME...]; all that need no GPU by default.
# CONTAINER_TOOL is docker, podman or buildah; REGISTRY/NAME:TAG is an image's name; BUILD_FLAGS goes to the tool's build
# command.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=${CONTAINER_TOOL:-docker}
registry=${REGISTRY:-ghcr.io/qwenedit}
tag=${TAG:-dev}
declare -A dockerfiles=(
  [bot]=services/bot/Dockerfile
  [worker]=services/worker/Dockerfile
  [comfyui]=services/comfyui/Dockerfile
  [comfyui-simulator]=simulators/comfyui/Dockerfile
  [telegram-simulator]=simulators/telegram/Dockerfile
)
default=(bot worker comfyui-simulator telegram-simulator)

if ! command -v "$tool" >/dev/null; then
  echo "build-images: $tool is not installed; set CONTAINER_TOOL to docker, podman or buildah" >&2
  exit 2
fi
build=("$tool" build)
if [[ $tool == buildah ]]; then
  # No daemon and no user namespaces needed; layers are kept so that a second build takes seconds.
  build+=(--layers --isolation chroot --network host)
fi
read -ra flags <<<"${BUILD_FLAGS:-}"

for name in "${@:-${default[@]}}"; do
  dockerfile=${dockerfiles[$name]:-}
  if [[ -z $dockerfile ]]; then
    echo "build-images: there is no image $name; there are: ${!dockerfiles[*]}" >&2
    exit 2
  fi
  image=$registry/$name:$tag
  echo "==> $image"
  "${build[@]}" "${flags[@]}" -t "$image" -f "$dockerfile" .
done
