#!/bin/sh
# Installs the real programs that tests run against, where this machine lets us: as root on Debian or its kin.
# Elsewhere it says in one line what is missing and how to get it, and succeeds: the tests that need it are then skipped
# (or fail, with SERF_TS_REQUIRE_PEERS=1).
set -e

missing=
command -v serf >/dev/null 2>&1 || missing="$missing serf"

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "serf-ts: installing the peers that tests run against:$missing"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  if (apt-get update -q && apt-get install -y -q --no-install-recommends $missing) >"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 5 "$log"
  rm -f "$log"
fi
echo "serf-ts: not here and not installable by this user:$missing. Their tests are skipped; on Debian: apt-get install$missing"
