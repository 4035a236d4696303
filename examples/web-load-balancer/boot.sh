#!/bin/sh
# The first process of every node: `boot.sh lb|web|api`. Becomes s6-svscan, which keeps the agent and the service running. All that a node knows of the others is the address of
# the load balancer, in $LB, whether that is up or not. Logs go to $LOGS, and everything else to $STATE.
here=$(cd "$(dirname "$0")" && pwd)
role=$1
name=$(hostname)
export STATE="${STATE:-/var/lib/serf}" LOGS="${LOGS:-/var/log/serf}"
scan=$STATE/s6
mkdir -p "$LOGS" "$scan/serf" "$scan/.s6-svscan"

# A terminated agent leaves the cluster; one that was killed is started again by s6, and was never away.
agent="node '$here/../../dist/serf.cjs' agent -node=$name -tag=role=$role -retry-join=$LB -retry-interval=1s"
if [ "$role" = lb ]; then
  agent="$agent -plugin-dir='$STATE/plugins' -event-handler='$here/on-event.sh'"
else
  agent="$agent -tag=port=8000"
  mkdir -p "$scan/service"
  printf '#!/bin/sh\nexec node "%s/service.mjs" 8000 >>"%s/%s-service.log" 2>&1\n' "$here" "$LOGS" "$name" >"$scan/service/run"
  chmod +x "$scan/service/run"
fi
printf '#!/bin/sh\nexport SERF_LEAVE_ON_TERMINATE=true\nexec %s >>"%s/%s-serf.log" 2>&1\n' "$agent" "$LOGS" "$name" >"$scan/serf/run"

# Stopping a node: the agent first, so that nobody is sent here any more, and then the service.
cat >"$scan/.s6-svscan/SIGTERM" <<'END'
#!/bin/sh
s6-svc -wd -T 15000 -d serf
[ ! -d service ] || s6-svc -wd -T 10000 -d service
exec s6-svscanctl -t .
END
printf '#!/bin/sh\nexit 0\n' >"$scan/.s6-svscan/finish"
chmod +x "$scan/serf/run" "$scan/.s6-svscan/SIGTERM" "$scan/.s6-svscan/finish"
exec s6-svscan "$scan"
