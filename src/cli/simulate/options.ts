import {
  boolean,
  choice,
  durationMs,
  integer,
  type OptionType,
  pairs,
  type ResolvedOptions,
  text,
} from "../../base/options.ts";

const minuteMs = 60_000;

/** The flags of `serf simulate`. */
export const simulateOptions = {
  nodes: {
    type: integer(2, 2_000),
    default: 100,
    doc: "How many nodes. Time and memory grow with the square: 100 take seconds, 1000 some minutes and 2 GB.",
    flag: "nodes",
  },
  profile: {
    type: choice("lan", "wan", "local"),
    default: "lan",
    doc: "The timing profile of all nodes, as in `serf agent`.",
    flag: "profile",
  },
  loss: { type: share(), default: 0, doc: 'The share of packets lost, like "5%".', flag: "loss" },
  latencyMs: {
    type: durationMs(0, minuteMs),
    default: 0.5,
    doc: "How long a packet takes, one way.",
    flag: "latency",
  },
  jitterMs: {
    type: durationMs(0, minuteMs),
    default: 0,
    doc: "The standard deviation of that: packets overtake each other.",
    flag: "jitter",
  },
  kill: {
    type: integer(0, 1_999),
    default: 0,
    doc: "How many processes are killed at once, while their machines go on.",
    flag: "kill",
  },
  powerLoss: {
    type: boolean(),
    default: false,
    doc: "The machines of what -kill kills lose their power: then nobody is left there to refuse a connection, and detection takes longer.",
    flag: "power-loss",
  },
  event: { type: boolean(), default: false, doc: "Send a user event, and see how it gets about.", flag: "event" },
  set: {
    type: pairs(),
    default: {},
    doc: "A setting of memberlist other than in the profile, like suspicionMult=6 or gossipIntervalMs=100; can be given several times.",
    flag: "set",
  },
  quietMs: {
    type: durationMs(1_000, 60 * minuteMs),
    default: 30_000,
    doc: "How long the cluster is watched while nothing happens, in virtual time.",
    flag: "quiet",
  },
  seed: {
    type: integer(0, Number.MAX_SAFE_INTEGER),
    default: 1,
    doc: "What is left to chance is drawn from it. The same options and seed give the same result.",
    flag: "seed",
  },
  scenario: {
    type: text(),
    default: "",
    doc: "Run what is described in this file (JSON, see docs/SIMULATE.md) with all checks; of the other options, only -seed, -format and -html then count.",
    flag: "scenario",
    suggests: "files",
  },
  html: {
    type: text(),
    default: "",
    doc: "Write a page with plots to this file too. It needs nothing from elsewhere.",
    flag: "html",
    suggests: "files",
  },
  format: { type: choice("text", "json"), default: "text", doc: "How to print the result.", flag: "format" },
} as const;

export type SimulateOptions = ResolvedOptions<typeof simulateOptions>;

/** "5%" or "0.05". */
function share(): OptionType<number> {
  return {
    name: "percentage",
    readText: (given) => {
      const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(given);
      return { value: match === null ? given : Number(match[1]) / (match[2] === "%" ? 100 : 1) };
    },
    check: (value) =>
      typeof value === "number" && value >= 0 && value < 1
        ? { value }
        : { problem: `must be a percentage from 0% to below 100%, like "5%", is ${JSON.stringify(value)}` },
  };
}
