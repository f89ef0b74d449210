#!/usr/bin/env bash
# Build tools of a release at these versions, once; print the folder that they are in. Go holds each module against its
# public log of checksums. Cosign and syft take minutes the first time.
set -euo pipefail

declare -A packages=(
  [cosign]=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
  [crane]=github.com/google/go-containerregistry/cmd/crane@v0.22.1
  [syft]=github.com/anchore/syft/cmd/syft@v1.57.1
)
GOBIN=$(cd "$(dirname "$0")/../.." && pwd)/.local/release-tools
export GOBIN CGO_ENABLED=0
for name in "$@"; do
  package=${packages[$name]}
  if [[ ! -x $GOBIN/$name || $(cat "$GOBIN/$name.from") != "$package" ]]; then
    go install -trimpath -ldflags='-s -w' "$package" >&2
    echo "$package" >"$GOBIN/$name.from"
  fi
done
echo "$GOBIN"
