#!/usr/bin/env bash
# Log in to the registry of a release as REGISTRY_USER with REGISTRY_PASSWORD: buildah, and whoever reads Docker's file.
set -euo pipefail
cd "$(dirname "$0")/../.."

registry=${REGISTRY:-$(.ci/release/version.py registry)}
host=${registry%%/*}
PATH=$(.ci/release/tools.sh crane):$PATH
crane auth login "$host" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_PASSWORD"
helm registry login "$host" --username "$REGISTRY_USER" --password-stdin <<<"$REGISTRY_PASSWORD"
if command -v buildah >/dev/null; then
  buildah login --username "$REGISTRY_USER" --password-stdin "$host" <<<"$REGISTRY_PASSWORD"
fi
