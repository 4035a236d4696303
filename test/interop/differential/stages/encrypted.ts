/** Keys: rotated in a cluster of two, and what can be done wrong with them. The keyring file is looked at after each change. */

import { byOurAgent, type FileStep, run, type Stage } from "../step.ts";

const oldKey = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const newKey = "HvY8ubRZMgafUOWvrOadwOckVa1wN3QWAo46FVKbVN8=";
/** 16 bytes: keys of several sizes live side by side. */
const shortKey = "ICEiIyQlJicoKSorLC0uLw==";

const newerWords = byOurAgent("Failures of keys are worded as by today's memberlist");
const anyOrder = { anyOrder: true } as const;
const kept = (when: string): FileStep => ({ do: "file", name: `the keyring file, ${when}`, file: "main.json" });

export const encrypted: Stage = {
  title: "encrypted",
  shows: "both",
  steps: [
    { do: "write", name: "main has a keyring", file: "main.json", content: `["${oldKey}"]` },
    { do: "write", name: "peer has a keyring", file: "peer.json", content: `["${oldKey}"]` },
    { do: "start", name: "peer starts", agent: "peer", args: ["-profile=lan", "-keyring-file={folder}/peer.json"] },
    {
      do: "start",
      name: "main starts",
      agent: "main",
      args: ["-profile=lan", "-keyring-file={folder}/main.json", "-join={peer}"],
    },
    { do: "view", name: "both are alive", sees: { main: "alive", peer: "alive" } },
    { do: "log", name: "the keyring is restored", lines: /Restored keyring/, count: 1 },
    run("keys -list", anyOrder),
    run(`keys -install=${newKey}`),
    kept("after install"),
    { ...run("keys -list", anyOrder), name: "keys -list, with two keys" },
    run(`keys -install=${newKey}`.replace("=", " "), anyOrder),
    // Before a key is used: our agent first asks who has it, which counts as a query.
    run("info"),
    run("info -format=json"),
    run(`keys -use=${newKey}`),
    kept("after use"),
    run(`keys -remove=${oldKey}`),
    kept("after remove"),
    run(`keys -use=${oldKey}`, { ...anyOrder, ...newerWords }),
    run(`keys -remove=${newKey}`, { ...anyOrder, ...newerWords }),
    run(`keys -remove=${oldKey}`.replace("=", " "), anyOrder),
    run(`keys -install=${shortKey}`),
    kept("with a short key"),
    run("keys -install=YWJj", anyOrder),
    { do: "run", name: "keys -install of no base64", words: ["keys", "-install=no base64"] },
    { do: "run", name: "keys -use of no base64", words: ["keys", "-use=no base64"] },
    run("keys -install="),
    { ...run("keys -list", anyOrder), name: "keys -list, at the end" },
    run("leave"),
    { do: "end", name: "main ends", agent: "main" },
  ],
};
