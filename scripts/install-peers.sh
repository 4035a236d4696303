#!/bin/sh
# Installs the real programs that tests run against, where this machine lets us: as root on Debian or its kin.
# Elsewhere it says in one line what is missing and how to get it, and succeeds: the tests that need it are then skipped
# (or fail, with SERF_TS_REQUIRE_PEERS=1). test/support/peers.ts has the same list; a test holds the two equal.
set -e

missing=
# need PROGRAM PACKAGE...
need() {
  PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1 && return
  shift
  missing="$missing $*"
}

need serf serf
need go golang-go golang-github-hashicorp-serf-dev
need haproxy haproxy
need nginx nginx-light
need dig bind9-dnsutils
need ip iproute2
need nft nftables
need python3 python3
need faketime faketime
need git git
need zsh zsh
need fish fish
need systemd-analyze systemd
need curl curl
need socat socat
need s6-svscan s6
need promtool prometheus
# Any sender of mail will do for what it depends on, and this one is no server.
need nagios4 nagios4-core msmtp-mta

[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "serf-ts: installing the peers that tests run against:$missing"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  # No service of theirs is to start: the tests start what they need themselves.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  if (apt-get update -q && apt-get install -y -q --no-install-recommends $missing) >"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -n 5 "$log"
  rm -f "$log"
fi
echo "serf-ts: not here and not installable by this user:$missing. Their tests are skipped; on Debian: apt-get install$missing"
