/** What a node tells of the life of another: to scripts by environment and input, and to monitors. */

import { byOurAgent, type HandlerStep, run, type Stage } from "../step.ts";

const called = (name: string, handler = "all"): HandlerStep => ({ do: "handler", name, handler });

/** How often a member is suspected, and tried again, is a matter of time. Scripts that print too much are a step of their own. */
const log = /\[(INFO|WARN|ERR)\] (?!memberlist: |serf: attempting reconnect|agent: Script)/;

export const events: Stage = {
  title: "events",
  shows: "both",
  handlers: {
    all: { filter: "" },
    deploy: { filter: "user:deploy" },
    users: { filter: "user", says: "heard" },
    comings: { filter: "member-join,member-leave" },
    load: { filter: "query:load", says: "42" },
    stars: { filter: "*" },
  },
  steps: [
    {
      do: "start",
      name: "main starts",
      agent: "main",
      args: [
        "-tag=role=web",
        "-tag=build.id=7=8",
        "-tag=zone-ö=north east",
        "-event-handler=user:broken=cat >/dev/null; exit 3",
        "-event-handler=user:wordy=cat >/dev/null; head -c 9000 /dev/zero | tr '\\0' x",
      ],
    },
    called("main hears of itself"),
    {
      do: "follow",
      name: "a monitor starts",
      words: ["monitor", "-log-level=info"],
      until: "agent: Serf agent starting",
    },
    { do: "start", name: "peer starts", agent: "peer", args: ["-tag=role=db", "-tag=text=a\tb", "-join={main}"] },
    called("peer joins"),
    run("event -coalesce=false deploy one"),
    called("an event with a payload"),
    run("event -coalesce=false restart"),
    called("an event without a payload"),
    { do: "run", name: "serf event with line feeds", words: ["event", "-coalesce=false", "deploy", "a\nb\n"] },
    called("an event of two lines"),
    run("event coalesced payload"),
    called("an event that waited for others"),
    run("query -timeout=2s -node=main load now", { anyOrder: true }),
    called("a query with a payload"),
    run("query -timeout=2s -node=main idle", { anyOrder: true }),
    called("a query without a payload"),
    { do: "end", name: "peer leaves", agent: "peer", signal: "SIGINT" },
    called("peer has left"),
    { do: "start", name: "peer comes back", agent: "peer", args: ["-tag=role=db", "-join={main}"] },
    called("peer is back"),
    { do: "end", name: "peer is killed", agent: "peer", signal: "SIGKILL" },
    called("peer has failed"),
    run("force-leave -prune peer"),
    called("peer is removed"),
    // Only now: the reference tells an update again with every later event of any member.
    run("tags -set=role=cache -delete=build.id"),
    called("main's tags change"),
    run("tags -delete=role"),
    called("main has no role"),
    run("event -coalesce=false deploy two"),
    called("an event to a node without a role"),
    run("event -coalesce=false broken"),
    { do: "log", name: "a script that fails", lines: /Error invoking script/, count: 1 },
    run("event -coalesce=false wordy"),
    { do: "log", name: "a script that prints too much", lines: /script output: xx/, count: 1 },
    {
      do: "log",
      name: "the warning of it",
      lines: /output, truncated to/,
      count: 0,
      ...byOurAgent("The warning of truncated output works"),
    },
    { do: "log", name: "a script's output is logged", lines: /script output: heard/, count: 7 },
    { do: "remaining", name: "all: nothing else", handler: "all" },
    { do: "remaining", name: "user:deploy", handler: "deploy" },
    { do: "remaining", name: "user", handler: "users" },
    { do: "remaining", name: "member-join,member-leave", handler: "comings" },
    { do: "remaining", name: "query:load", handler: "load" },
    { do: "remaining", name: "*", handler: "stars" },
    { do: "interrupt", name: "what the monitor printed", lines: log },
    {
      do: "follow",
      name: "another monitor starts, for errors alone",
      words: ["monitor", "-log-level=err"],
      until: "Error invoking script",
    },
    run("event -coalesce=false last"),
    { do: "interrupt", name: "what that one printed", until: '"last"', lines: /./ },
    { do: "end", name: "SIGTERM ends main", agent: "main", signal: "SIGTERM" },
  ],
};
