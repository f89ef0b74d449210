#!/usr/bin/env bash
# A release, stage by stage: release.sh check TAG | images NAME... | publish | chart | verify | notes
# The workflow of a tag runs the stages. The settings below run them against another registry, as in a rehearsal.
#   REGISTRY      where images and chart go; unset: as pyproject.toml says
#   PLAIN_HTTP=1  that registry speaks HTTP
#   SIGNING_KEY   a private key of cosign's, with its .pub beside it; unset: keyless, in the workflow's name
#   WITHOUT       images of the chart's that a rehearsal leaves out, such as "comfyui valkey/valkey"
#   DIST          the folder in which the stages leave what the next ones need; unset: dist
set -euo pipefail
cd "$(dirname "$0")/../.."

stage=${1:-}
case $stage in
  check) needed=(crane) ;;
  images) needed=() ;;
  publish | chart | verify) needed=(crane cosign syft) ;;
  notes) needed=() ;;
  *) sed -n '2,/^set/{/^#/p}' "$0" >&2; exit 2 ;;
esac
version=$(.ci/release/version.py)
registry=${REGISTRY:-$(.ci/release/version.py registry)}
repository=$(.ci/release/version.py repository)
dist=${DIST:-dist}
chart=$registry/charts/qwenedit
tools=$(.ci/release/tools.sh "${needed[@]}")
PATH=$tools:$PATH

crane_flags=() helm_flags=() cosign_registry=() buildah_flags=()
if [[ -n ${PLAIN_HTTP:-} ]]; then
  crane_flags=(--insecure)
  helm_flags=(--plain-http)
  cosign_registry=(--allow-http-registry)
  buildah_flags=(--tls-verify=false)
  export SYFT_REGISTRY_INSECURE_USE_HTTP=true
fi
signer=() known=()
if [[ -n ${SIGNING_KEY:-} && ${#needed[@]} -gt 1 ]]; then
  # A key's signature is in no public log; whoever has the public half can check it.
  mkdir -p "$dist"
  cosign signing-config create --out "$dist/no-services.json"
  signer=(--key "$SIGNING_KEY" --signing-config "$dist/no-services.json")
  known=(--key "${SIGNING_KEY%.key}.pub" --insecure-ignore-tlog)
else
  known=(--certificate-identity "$repository/.github/workflows/release.yaml@refs/tags/v$version"
    --certificate-oidc-issuer https://token.actions.githubusercontent.com)
fi

check() {
  .ci/release/version.py check "$1"
  if [[ -n $(git status --porcelain) ]]; then
    echo "release: files have changed since the commit:" >&2
    git status --short >&2
    exit 1
  fi
  if crane "${crane_flags[@]}" digest "$chart:$version" >/dev/null 2>&1; then
    echo "release: $chart:$version is there already; a release is never changed, take the next version" >&2
    exit 1
  fi
}

# For this machine's architecture; publish joins what several machines have built.
images() {
  local name arch tag labels
  arch=$(dpkg --print-architecture)
  tag=$version-$arch
  labels="--label org.opencontainers.image.source=$repository
    --label org.opencontainers.image.revision=$(git rev-parse HEAD)
    --label org.opencontainers.image.version=$version --label org.opencontainers.image.licenses=Apache-2.0"
  mkdir -p "$dist/images"
  for name in "$@"; do
    CONTAINER_TOOL=buildah REGISTRY=$registry TAG=$tag BUILD_FLAGS="${labels//$'\n'/ }" k8s/build-images.sh "$name"
    buildah push --quiet "${buildah_flags[@]}" --format oci --digestfile "$dist/images/$name.$arch" \
      "$registry/$name:$tag" "docker://$registry/$name:$tag"
  done
}

built() { find "$dist/images" -name '*.*' -printf '%f\n' | cut -d. -f1 | sort -u; }

sign() { cosign sign --yes "${signer[@]}" "${cosign_registry[@]}" "$@"; }

attest() {
  local type=$1 predicate=$2 subject=$3
  cosign attest --yes "${signer[@]}" "${cosign_registry[@]}" --type "$type" --predicate "$predicate" "$subject"
}

# The index of each image, its signature and provenance, and for each architecture what is in it.
publish() {
  local name file arch digest members
  mkdir -p "$dist/sbom" "$dist/digests"
  .ci/release/provenance.py >"$dist/provenance.json"
  for name in $(built); do
    members=()
    for file in "$dist/images/$name".*; do
      arch=${file##*.}
      members+=(--manifest "$registry/$name@$(<"$file")")
      syft scan --quiet --output "spdx-json=$dist/sbom/$name.$arch.spdx.json" "registry:$registry/$name@$(<"$file")"
      attest spdxjson "$dist/sbom/$name.$arch.spdx.json" "$registry/$name@$(<"$file")"
    done
    crane "${crane_flags[@]}" index append "${members[@]}" --tag "$registry/$name:$version" >/dev/null
    digest=$(crane "${crane_flags[@]}" digest "$registry/$name:$version")
    echo "$digest" >"$dist/digests/$name"
    sign --recursive "$registry/$name@$digest"
    attest slsaprovenance1 "$dist/provenance.json" "$registry/$name@$digest"
  done
}

# Comes last: who finds the chart finds all that it names.
chart() {
  local name tag digests=()
  rm -rf "$dist/chart"
  mkdir -p "$dist/chart"
  cp -r charts/qwenedit "$dist/chart/qwenedit"
  for name in bot worker comfyui; do
    if [[ -e $dist/digests/$name ]]; then
      digests+=("$name=$(<"$dist/digests/$name")")
    elif [[ " ${WITHOUT:-} " != *" $name "* ]]; then
      # A chart that names it by a tag elsewhere would run whatever somebody puts there.
      echo "release: there is no image of $name in this release" >&2
      exit 1
    fi
  done
  if [[ " ${WITHOUT:-} " != *" valkey/valkey "* ]]; then
    tag=$(sed -n '/repository: valkey/,/digest:/s/^ *tag: "\(.*\)"$/\1/p' charts/qwenedit/values.yaml)
    digests+=("valkey/valkey=$(crane digest "valkey/valkey:$tag")")
  fi
  .ci/release/pin_chart.py "$dist/chart/qwenedit" "$registry" "${digests[@]}"
  helm package "$dist/chart/qwenedit" --destination "$dist/chart" >/dev/null
  helm push "${helm_flags[@]}" "$dist/chart/qwenedit-$version.tgz" "oci://${chart%/*}"
  crane "${crane_flags[@]}" digest "$chart:$version" >"$dist/digests/charts_qwenedit"
  sign "$chart@$(<"$dist/digests/charts_qwenedit")"
  attest slsaprovenance1 "$dist/provenance.json" "$chart@$(<"$dist/digests/charts_qwenedit")"
}

# As somebody who only has the names and the signer's identity; the tag must be what was signed.
verify() {
  local file name subject
  for file in "$dist"/digests/*; do
    name=$(basename "$file" | tr _ /)
    subject=$registry/$name@$(<"$file")
    [[ $(crane "${crane_flags[@]}" digest "$registry/$name:$version") == "$(<"$file")" ]] || {
      echo "release: $registry/$name:$version is not the image that was signed" >&2
      exit 1
    }
    cosign verify "${known[@]}" "${cosign_registry[@]}" "$subject" >/dev/null
    cosign verify-attestation "${known[@]}" "${cosign_registry[@]}" --type slsaprovenance1 "$subject" >/dev/null
  done
  for file in "$dist"/images/*.*; do
    name=$(basename "${file%.*}")
    cosign verify "${known[@]}" "${cosign_registry[@]}" "$registry/$name@$(<"$file")" >/dev/null
    cosign verify-attestation "${known[@]}" "${cosign_registry[@]}" --type spdxjson "$registry/$name@$(<"$file")" >/dev/null
  done
  echo "release: $version is signed, whole, and what its tags name"
}

notes() {
  local file
  .ci/release/version.py notes
  printf '\n### Images and chart\n\n```\noci://%s:%s\n' "$chart" "$version"
  for file in "$dist"/digests/*; do
    echo "$registry/$(basename "$file" | tr _ /)@$(<"$file")"
  done
  printf '```\n\n[How to verify them](%s/blob/v%s/SECURITY.md#verify-a-release)\n' "$repository" "$version"
}

"$stage" "${@:2}"
