#!/bin/sh
# Every node runs this at `serf event release VERSION`: it writes a file of the configuration anew and has the agent read all of it again.
set -eu
IFS= read -r version
# It came over the network: nothing but what a version may be goes into a file.
case $version in
  "" | *[!0-9A-Za-z._-]*) echo "not a version" && exit 1 ;;
esac
printf '{ "tags": { "release": "%s" } }\n' "$version" >"$SERF_CONFIG_DIR/.release.new"
mv "$SERF_CONFIG_DIR/.release.new" "$SERF_CONFIG_DIR/90-release.json"
kill -HUP "$(cat "$SERF_CONFIG_DIR/serf.pid")"
