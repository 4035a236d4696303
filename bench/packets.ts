/**
 * Packets that a running agent handles: pings over UDP from this process, a few under way at a time, each answered by an ack. The rate is
 * bounded by this process too; the CPU time of the agent per ping is not.
 */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { NodeRandom } from "../src/host/node-random.ts";
import { encodeMessage } from "../src/wire/codecs.ts";
import { createLabel } from "../src/wire/label.ts";
import { sealPacket } from "../src/wire/packet-envelope.ts";
import type { Sandbox } from "../test/support/sandbox.ts";
import type { Kind } from "../test/support/serf-command.ts";
import { cpuMs } from "./process-figures.ts";
import { atLeast, type Row } from "./table.ts";

const underWay = 32;
/** Until what runs for each of them is compiled for speed: an agent leaves that until it pays. */
const warmUpPings = 200_000;
/** Pings are datagrams, and some may be lost: after such a silence all are sent anew. */
const silenceMs = 200;
const silencesMax = 10;
const measuredMs = 4_000;
const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";

export async function benchPackets(createSandbox: () => Sandbox, progress: (line: string) => void): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { title, secret, perCoreMin } of [
    { title: "plain", secret: undefined, perCoreMin: 60_000 },
    { title: "encrypted", secret: key, perCoreMin: 40_000 },
  ]) {
    progress(`pinging agents (${title})`);
    const ours = await measure("ours", secret, createSandbox());
    const debian = await measure("debian", secret, createSandbox());
    rows.push(
      { what: `pings answered by an agent, ${title}`, unit: "/s", ours: ours.rate, reference: debian.rate },
      {
        what: `agent's CPU for a ping and its ack, ${title}`,
        unit: "us",
        ours: ours.cpuMicroseconds,
        reference: debian.cpuMicroseconds,
      },
      {
        what: `pings answered for a second of CPU, ${title}`,
        unit: "",
        ours: perCpuSecond(ours),
        reference: perCpuSecond(debian),
        aim: atLeast(perCpuSecond(ours), perCoreMin, `at least ${perCoreMin.toLocaleString("en-US")}`),
      },
    );
  }
  return rows;
}

async function measure(kind: Kind, secret: string | undefined, sandbox: Sandbox) {
  try {
    const agent = await sandbox.startAgent({ kind, name: "pinged", key: secret, args: ["-log-level=warn"] });
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const ping = sealPing("pinged", secret);
    const target = agent.place.bindPort;
    await pingUntil(socket, ping, target, (answered) => answered >= warmUpPings);
    const cpuBefore = cpuMs(agent.process.pid);
    const startedAt = performance.now();
    const answered = await pingUntil(socket, ping, target, () => performance.now() - startedAt >= measuredMs);
    const elapsedMs = performance.now() - startedAt;
    const spentMs = cpuMs(agent.process.pid) - cpuBefore;
    socket.close();
    return { rate: (answered / elapsedMs) * 1000, cpuMicroseconds: (spentMs * 1000) / answered };
  } finally {
    await sandbox.close();
  }
}

/** The rate that a core would reach which does nothing else; each ping is a packet received and one sent. */
function perCpuSecond({ cpuMicroseconds }: { readonly cpuMicroseconds: number }): number {
  return 1_000_000 / cpuMicroseconds;
}

function sealPing(node: string, secret: string | undefined): Uint8Array {
  const message = { kind: "ping", sequence: 1, node, sourceAddress: "", sourcePort: 0, sourceNode: "" } as const;
  const keys = secret === undefined ? [] : [Uint8Array.from(Buffer.from(secret, "base64"))];
  const sealing = {
    label: createLabel(""),
    keys,
    encryptionVersion: 1,
    compress: false,
    random: new NodeRandom(),
  } as const;
  return sealPacket([encodeMessage(message)], sealing, false);
}

/** Keeps some pings under way until `enough`; rejects if the agent falls silent. Returns how many were answered. */
function pingUntil(
  socket: Socket,
  ping: Uint8Array,
  port: number,
  enough: (answered: number) => boolean,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0;
    let answeredBefore = -1;
    let silences = 0;
    const sendAll = () => {
      for (let i = 0; i < underWay; i++) socket.send(ping, port, "127.0.0.1");
    };
    const finish = (error?: Error) => {
      clearInterval(watch);
      socket.off("message", receive);
      if (error === undefined) resolve(answered);
      else reject(error);
    };
    const receive = () => {
      answered++;
      if (enough(answered)) finish();
      else socket.send(ping, port, "127.0.0.1");
    };
    const watch = setInterval(() => {
      silences = answered === answeredBefore ? silences + 1 : 0;
      answeredBefore = answered;
      if (silences > silencesMax) finish(new Error(`the agent stopped answering after ${answered} pings`));
      else if (silences > 0) sendAll();
    }, silenceMs);
    socket.on("message", receive);
    sendAll();
  });
}
