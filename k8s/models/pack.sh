#!/usr/bin/env bash
# Put the models into an image: k8s/models/pack.sh FOLDER IMAGE [BASE]
# The files of services/comfyui/models.json (LIST names another list) are downloaded into FOLDER, unless they are there.
# Each becomes a layer of its own, so that nodes pull several at a time.
# BASE is what the image starts from. Without it there is nothing but the files, for an image volume. With ComfyUI's image
# it is a ComfyUI that has its models, for clusters without image volumes.
# CONTAINER_TOOL is docker, podman or buildah.
set -euo pipefail

if (($# < 2 || $# > 3)); then
  sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
  exit 2
fi
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 image=$2 base=${3:-scratch}
list=${LIST:-$here/services/comfyui/models.json}
tool=${CONTAINER_TOOL:-docker}

if ! command -v "$tool" >/dev/null; then
  echo "pack: $tool is not installed; set CONTAINER_TOOL to docker, podman or buildah" >&2
  exit 2
fi
build=("$tool" build)
if [[ $tool == buildah ]]; then
  build+=(--layers --isolation chroot --network host)
fi

python3 "$here/services/comfyui/models.py" fetch --folder "$folder" --list "$list"
chmod -R a+rX "$folder"

dockerfile=$(mktemp)
trap 'rm -f "$dockerfile"' EXIT
target=/
if [[ $base != scratch ]]; then
  target=/opt/comfyui/models/
fi
python3 - "$list" "$base" "$target" >"$dockerfile" <<'PYTHON'
import json, sys
path, base, target = sys.argv[1:]
print("FROM", base)
for file in json.load(open(path))["files"]:
    name = file["path"]  # with its note: ComfyUI starts when both are there
    print("COPY", json.dumps([name, f"{name}.sha256", f"{target}{name.rpartition('/')[0]}/"]))
PYTHON
"${build[@]}" -t "$image" -f "$dockerfile" "$folder"
