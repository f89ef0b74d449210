#!/usr/bin/env bash
# Install Debian packages for the tests, and start none of the services that come with them. Needs root.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# invoke-rc.d and deb-systemd-invoke ask it first; 101 is "do not".
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
apt-get update -q > /dev/null
apt-get install -qy --no-install-recommends "$@" > /dev/null
