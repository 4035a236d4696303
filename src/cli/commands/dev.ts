import { type Endpoint, parseEndpoint } from "../../base/address.ts";
import { messageOf, SerfError } from "../../base/errors.ts";
import { boolean, choice, durationMs, integer, pairs, type ResolvedOptions, text } from "../../base/options.ts";
import { LocalCluster } from "../../local-cluster/local-cluster.ts";
import { defineCommand, type Terminal } from "../command.ts";
import { percentage, split } from "../dev/option-types.ts";
import { DevSession } from "../dev/session.ts";
import { createView, type View } from "../dev/view.ts";

const options = {
  nodes: {
    type: integer(2, 10_000),
    default: 100,
    doc: "How many agents. Each has two sockets: above some hundreds the limit of open files (ulimit -n) must allow it.",
    flag: "nodes",
  },
  rpcNodes: {
    type: integer(0, 10_000),
    default: 3,
    doc: "How many of them, the first ones, can be asked by the other commands.",
    flag: "rpc-nodes",
  },
  bind: {
    type: text(),
    default: "127.0.0.1:7946",
    doc: "Where the first agent listens; the others take the ports after it that are free. Port 0: any that are free.",
    flag: "bind",
  },
  rpcAddress: {
    type: text(),
    default: "127.0.0.1:7373",
    doc: "Where the first agent listens for RPC; the next ones take the ports after it. Port 0: any that are free.",
    flag: "rpc-addr",
  },
  profile: {
    type: choice("lan", "wan", "local"),
    default: "lan",
    doc: "The timing of the cluster, as for `serf agent`.",
    flag: "profile",
  },
  tags: { type: pairs(), default: {}, doc: "A tag of every agent; may be given several times.", flag: "tag" },
  encryptKey: {
    type: text(),
    default: "",
    doc: "Encrypts the cluster's traffic with this key, as of `serf keygen`.",
    flag: "encrypt",
  },
  event: {
    type: text(),
    default: "",
    doc: "Once the cluster has formed: sends this user event, name or name=payload, and tells when the last node had it.",
    flag: "event",
  },
  killShare: {
    type: percentage(),
    default: 0,
    doc: "Then: ends so many of the nodes without a word, such as 5%, and tells when all others know.",
    flag: "kill",
  },
  split: {
    type: split(),
    default: undefined,
    doc: "Then: cuts the network in two, and heals it so long after both sides know: 30s for halves, 30s|10/90 for other shares.",
    flag: "partition",
  },
  once: {
    type: boolean(),
    default: false,
    doc: "Ends after all that, with exit code 0, instead of running until Ctrl-C.",
    flag: "once",
  },
  timeoutMs: {
    type: durationMs(1_000, 86_400_000),
    default: 600_000,
    doc: "With -once: gives up after so long, with exit code 1.",
    flag: "timeout",
  },
  format: { type: choice("text", "json"), default: "text", doc: "How to print: text or json.", flag: "format" },
} as const;

type DevOptions = ResolvedOptions<typeof options>;

export const devCommand = defineCommand({
  name: "dev",
  usage: "[options]",
  synopsis: "Runs a whole cluster in one process, to play with",
  description: [
    "Starts many agents in this process, each with sockets of its own on loopback, has them join each other, and shows how they come to agree. Other commands reach the first ones: `serf members` asks the very first. Ctrl-C ends them all.",
    "On a terminal single keys play with the cluster: k kills, p cuts the network in two, h heals it, e sends an event, q ends. Elsewhere lines are printed, or with -format=json one JSON object a line.",
    "Clocks, timers and sockets are the machine's. For virtual time and faults drawn from a seed use the simulator. In clusters of more than 250 nodes the fast way to a failed member is off, as with `serf agent -disable-fast-failure`.",
  ],
  example: "dev -nodes 100 -kill 5% -partition 30s",
  options,
  run: ({ options }, terminal) => runDev(options, terminal),
});

async function runDev(options: DevOptions, terminal: Terminal): Promise<number> {
  const view = createView(options.format, terminal);
  let session: DevSession | undefined;
  try {
    const [bind, rpc] = [readEndpoint("bind", options.bind), readEndpoint("rpc-addr", options.rpcAddress)];
    session = new DevSession(new LocalCluster({ ...options, bind, rpc }), view);
    const { promise: interrupted, interrupt } = interruption(terminal);
    const restore = playByKeys(session, terminal, interrupt);
    const played = playAll(session, options);
    const ended = options.once ? played : played.then(() => interrupted);
    const code = await Promise.race([ended, interrupted, ...(options.once ? [timeout(options.timeoutMs, view)] : [])]);
    restore();
    view.tell("stopping", "ending all nodes");
    await session.stop();
    return code;
  } catch (error) {
    if (!(error instanceof SerfError)) throw error;
    view.tell("error", `${error.message}${hintFor(error)}`, { code: error.code, message: error.message });
    await session?.stop();
    return 1;
  }
}

async function playAll(session: DevSession, options: DevOptions): Promise<number> {
  await session.form();
  await session.play(options);
  return 0;
}

/** The first Ctrl-C resolves it, the second ends the process. */
function interruption(terminal: Terminal): { readonly promise: Promise<number>; readonly interrupt: () => void } {
  let interrupt = (): void => undefined;
  const promise = new Promise<number>((resolve) => {
    let isFirst = true;
    interrupt = () => {
      if (!isFirst) process.exit(1);
      isFirst = false;
      resolve(0);
    };
  });
  terminal.onInterrupt(() => interrupt());
  return { promise, interrupt: () => interrupt() };
}

function timeout(afterMs: number, view: View): Promise<number> {
  return new Promise((resolve) => {
    setTimeout(() => {
      view.tell("timeout", "the nodes did not agree in time");
      resolve(1);
    }, afterMs).unref();
  });
}

function playByKeys(session: DevSession, { screen }: Terminal, interrupt: () => void): () => void {
  const keys: Readonly<Record<string, () => Promise<void> | void>> = {
    k: () => session.kill(0.05),
    p: () => session.cut(0.5),
    h: () => session.heal(),
    e: () => session.sendEvent("dev"),
    q: interrupt,
    "\u0003": interrupt,
  };
  return screen?.onKey((key) => void keys[key]?.()) ?? (() => undefined);
}

function readEndpoint(flag: string, given: string): Endpoint {
  const endpoint = parseEndpoint(given);
  if (endpoint === undefined)
    throw new SerfError("INVALID_OPTION", `-${flag} must be an IP address and a port, is "${given}"`);
  return endpoint;
}

function hintFor(error: SerfError): string {
  return /EMFILE|too many open files/.test(messageOf(error.cause ?? error))
    ? ". Each node needs two open files and more for a moment: raise the limit (ulimit -n) or start fewer nodes"
    : "";
}
