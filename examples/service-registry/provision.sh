#!/bin/sh
# What a machine's installation does: `provision.sh FOLDER ROLE ADDRESS` fills a configuration directory, /etc/serf on a machine of its own.
set -eu
here=$(dirname "$0")
folder=$1 role=$2 address=$3
mkdir -p "$folder"
cp "$here/roles/common.json" "$folder/10-common.json"
cp -R "$here/roles/$role/." "$folder/"
mv "$folder/role.json" "$folder/20-role.json"
cp "$here/handlers/release.sh" "$folder/"
# A machine with several networks would tell others the wrong one.
printf '{ "advertise": "%s" }\n' "$address" >"$folder/30-address.json"
if [ -d "$folder/plugins" ]; then sed -i "s|@CONFIG_DIR@|$folder|" "$folder"/plugins/*.json; fi
