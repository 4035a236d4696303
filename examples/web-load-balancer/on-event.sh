#!/bin/sh
# The event handler of the load balancer's agent: notes what happens to members.
while read -r name address role tags; do
  echo "$(date -u +%H:%M:%S) $SERF_EVENT $name $address $role $tags" >>"$LOGS/lb-handler.log"
done
