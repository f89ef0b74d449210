#!/usr/bin/env bash
# Build tools of a release (cosign, crane, syft) at the versions and hashes of tools/, once; print the folder that they
# are in. Cosign and syft take minutes the first time.
set -euo pipefail
cd "$(dirname "$0")/tools"

bin=$(cd ../../.. && pwd)/.local/release-tools
mkdir -p "$bin"
for name in "$@"; do
  if ! cmp -s go.sum "$bin/$name.from"; then
    package=$(go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' tool | grep "/$name\$")
    GOFLAGS=-mod=readonly CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$bin/$name" "$package" >&2
    cp go.sum "$bin/$name.from"
  fi
done
echo "$bin"
