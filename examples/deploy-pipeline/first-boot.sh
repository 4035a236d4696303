#!/bin/sh
# In a host of this example, what its first boot would be: FOLDER becomes its /srv, a copy of /etc becomes its own, and /run is empty. Then
# its user-data runs as it is. Needs a mount namespace of its own: none of this is seen outside.
# usage: first-boot.sh FOLDER USER-DATA
set -eu
mkdir -p "$1/etc"
cp -a /etc/. "$1/etc"
rm -rf "$1/etc/serf"
mount --bind "$1/etc" /etc
mount --bind "$1" /srv
mount -t tmpfs tmpfs /run
exec sh "$2"
