/** What the command line says by itself: without a command, without an agent, with wrong arguments. */

import { byOurCommand, run, type Stage } from "../step.ts";

const key = "AAAAAAAAAAAAAAAAAAAAAA==";

/** Each command with arguments that are right. */
const complete = [
  "event x y",
  "force-leave x",
  "info",
  "join {nobody}",
  `keys -install=${key}`,
  `keys -use=${key}`,
  `keys -remove=${key}`,
  "keys -list",
  "leave",
  "members",
  "monitor",
  "query x y",
  "reachability",
  "rtt x",
  "tags -set=a=b",
];
const names = [
  "agent",
  "event",
  "force-leave",
  "info",
  "join",
  "keygen",
  "keys",
  "leave",
  "members",
  "monitor",
  "query",
  "reachability",
  "rtt",
  "tags",
  "version",
];

const at = (line: string, address: string, title: string) => ({
  ...run(line.replace(/ |$/, ` -rpc-addr=${address} `).trim()),
  name: `serf ${line}, ${title}`,
});

export const withoutAgent: Stage = {
  title: "without an agent",
  shows: "command",
  steps: [
    run(""),
    run("nosuch"),
    run("nosuch -h"),
    run("-v"),
    run("--version"),
    run("-version"),
    run("-h"),
    run("--help"),
    run("-bogus members"),
    run("members -v"),
    run("version -format=json"),
    run("version -bogus"),
    run("keygen extra"),
    run("keygen -bogus"),
    ...names.filter((name) => name !== "version").map((name) => run(`${name} -h`)),
    run("version -h", byOurCommand("Every command has help")),
    ...names.filter((name) => name !== "keygen" && name !== "version").map((name) => run(`${name} -bogus`)),
    ...complete.map((line) => at(line, "{nobody}", "nobody there")),
    at("members", "nowhere", "no port"),
    at("members", "a:b:c", "too many colons"),
    at("members", "127.0.0.1:x", "a port that is none"),
    at("members", "127.0.0.1:70000", "a port too large"),
    at("event", "{nobody}", "no name"),
    at("query", "{nobody}", "no name"),
    at("join", "{nobody}", "no address"),
    at("rtt", "{nobody}", "no node"),
    at("tags", "{nobody}", "no tag"),
    at("keys", "{nobody}", "nothing to do"),
    at("force-leave", "{nobody}", "no node"),
    at("tags -set=x", "{nobody}", "half a tag"),
    at("members -tag=x", "{nobody}", "half a tag"),
    at("members -format=xml", "{nobody}", "no such format"),
    at("query -format=xml x", "{nobody}", "no such format"),
    at("query -tag=x x", "{nobody}", "half a tag"),
  ],
};
