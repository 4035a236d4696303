#!/bin/sh
# The entry point of every container: `node.sh ROLE`. The service of the role, and beside it an agent that says it is here. All it knows of the others is the name
# server in /etc/resolv.conf.
cd "$(dirname "$0")" || exit 1
role=$1
serf="node ../../dist/serf.cjs"

case $role in
  dnsserver) service= agent="-plugin-dir=dnsserver" ;;
  proxyserver) service="haproxy -db -f proxyserver/haproxy.cfg" agent="-retry-join=dnsserver.node.serf" ;;
  *) service="node $role/server.mjs" agent="-retry-join=dnsserver.node.serf -tag=port=8080" ;;
esac

# Leave first, so that nobody is sent here any more; then finish what is under way.
stop() {
  kill -INT "$agent_pid" && wait "$agent_pid"
  [ -z "$service" ] || { sleep 2 && kill "$service_pid"; }
  exit 0
}
trap stop TERM INT

$serf agent -node="$(hostname)" -tag=role="$role" -retry-interval=1s $agent &
agent_pid=$!
if [ -n "$service" ]; then
  $service &
  service_pid=$!
fi
wait
