#!/bin/sh
# The first process of each host: `node.sh FOLDER ROLE`. On a machine of its own systemd or upstart starts the agent instead: deploy/systemd, deploy/upstart.
cd "$(dirname "$0")" || exit 1
export SERF_CONFIG_DIR="$1"
address=$(ip -4 -o address show eth0 | sed 's|.* inet \([0-9.]*\)/.*|\1|')
./provision.sh "$1" "$2" "$address" || exit 1
echo $$ >"$1/serf.pid"
exec node ../../dist/serf.cjs agent -node="$(hostname)" -config-dir="$1"
