/** An agent with many flags: what it says of itself, and what becomes of the flags. */

import { byOurAgent, run, type Stage } from "../step.ts";

const banner = /^==> |^ {4,}[A-Z][A-Za-z ]*: |^ {4}Join completed/;

export const start: Stage = {
  title: "start",
  shows: "agent",
  steps: [
    { do: "start", name: "peer starts", agent: "peer" },
    {
      do: "start",
      name: "main starts with flags",
      agent: "main",
      args: [
        "-role=web",
        "-tag=zone=north",
        "-tag",
        "rack=7",
        "-protocol=4",
        "-disable-compression",
        "-replay",
        "-retry-interval=500ms",
        "-broadcast-timeout=500ms",
        "-retry-max=3",
        "-retry-join={peer}",
        "-join={nobody}",
        "-join={peer}",
        "-encrypt=",
        "-snapshot={folder}/snapshot",
        "-rejoin",
        "-event-handler=member-join=true",
      ],
    },
    { do: "log", name: "what it says of itself", lines: banner, count: 10 },
    { do: "view", name: "both are alive", sees: { main: "alive", peer: "alive" } },
    run("members -detailed", { anyOrder: true }),
    run("info"),
    run("leave"),
    { do: "end", name: "main ends", agent: "main" },
    {
      do: "start",
      name: "main starts with an address to advertise",
      agent: "main",
      args: ["-advertise={bind}", "-iface=lo", "-log-level=warn", "-protocol=2"],
    },
    {
      do: "log",
      name: "what it then says of itself",
      lines: banner,
      count: 10,
      ...byOurAgent("The banner's lines are aligned"),
    },
    { ...run("members"), name: "the advertised address" },
    { do: "end", name: "SIGINT ends it", agent: "main", signal: "SIGINT" },
    {
      do: "write",
      name: "a configuration",
      file: "a.json",
      content:
        '{"node_name": "configured", "role": "db", "tags": {"x": "y"}, "log_level": "ERR", "profile": "wan", "leave_on_terminate": true, "skip_leave_on_interrupt": true, "reconnect_interval": "1m", "tombstone_timeout": "1h", "user_event_size_limit": 128, "query_size_limit": 64, "query_response_size_limit": 64}',
    },
    {
      do: "start",
      name: "main starts from a configuration",
      agent: "main",
      args: ["-config-file={folder}/a.json", "-node=main", "-profile=local"],
    },
    run("members"),
    run(`event large ${"x".repeat(130)}`),
    run(`query large ${"x".repeat(60)}`),
    run("leave -rpc-auth="),
    { do: "end", name: "the configured agent ends", agent: "main" },
  ],
};
