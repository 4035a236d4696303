/** The files an agent keeps, and what it takes from its configuration when it starts and when it is told to read it again. */

import { byOurAgent, run, type Stage } from "../step.ts";

export const files: Stage = {
  title: "files",
  shows: "agent",
  steps: [
    { do: "start", name: "peer starts", agent: "peer" },
    {
      do: "start",
      name: "main starts",
      agent: "main",
      args: ["-tags-file={folder}/tags.json", "-snapshot={folder}/snapshot", "-join={peer}"],
    },
    { do: "view", name: "both are alive", sees: { main: "alive", peer: "alive" } },
    run("tags -set=role=<web> -set=a=1 -set=x=y"),
    { do: "file", name: "the tags file", file: "tags.json" },
    run("tags -delete=x"),
    { do: "file", name: "the tags file, after a tag was deleted", file: "tags.json" },
    run("event one"),
    run("event two"),
    run("query -timeout=2s -node=main three", { anyOrder: true }),
    run("leave"),
    { do: "end", name: "main ends", agent: "main" },
    { do: "file", name: "the snapshot's members", file: "snapshot", lines: /^(not-)?alive: / },
    { do: "file", name: "the snapshot's end", file: "snapshot", lines: /^leave$/ },
    {
      do: "start",
      name: "main starts again",
      agent: "main",
      args: ["-tags-file={folder}/tags.json", "-snapshot={folder}/snapshot", "-rejoin"],
    },
    { do: "view", name: "both are alive again", sees: { main: "alive", peer: "alive" } },
    { do: "log", name: "what it says of its files", lines: /Restored|Re-joined|Snapshot|Tags/, count: 2 },
    run("members -name=main"),
    run(`tags -set=large=${"x".repeat(600)}`),
    {
      do: "file",
      name: "the tags file, after tags that were too large",
      file: "tags.json",
      ...byOurAgent("The tags file is replaced whole"),
    },
    { do: "end", name: "SIGINT ends it", agent: "main", signal: "SIGINT" },

    {
      do: "write",
      name: "a configuration",
      file: "config.json",
      content:
        '{"tags": {"a": "1"}, "log_level": "info", "event_handlers": ["user:x=true"], "leave_on_terminate": true}',
    },
    { do: "start", name: "main starts from it", agent: "main", args: ["-config-file={folder}/config.json"] },
    {
      do: "write",
      name: "the configuration changes",
      file: "config.json",
      content:
        '{"tags": {"b": "2"}, "log_level": "debug", "event_handlers": ["user:y=true"], "leave_on_terminate": true}',
    },
    {
      do: "signal",
      name: "SIGHUP",
      agent: "main",
      signal: "SIGHUP",
      until: "Reloading configuration",
    },
    { do: "log", name: "tags are updated", lines: /EventMemberUpdate: main/, count: 1 },
    { ...run("members -name=main"), name: "the new tags" },
    run("info", byOurAgent("After a reload `serf info` lists the handlers in force")),
    { do: "end", name: "SIGTERM leaves, as configured", agent: "main", signal: "SIGTERM" },
  ],
};
