/**
 * `members` calls a second on one agent that knows 100 members. The caller is a bare socket that sends the same bytes again as soon as
 * the answer is whole, and decodes nothing, so that it costs the same with either agent and is not what is measured.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Packr, unpackMultiple } from "msgpackr";
import { createSerf } from "../src/index.ts";
import type { Sandbox } from "../test/support/sandbox.ts";
import type { Kind } from "../test/support/serf-command.ts";
import { waitFor } from "../test/support/wait-for.ts";
import { atLeast, type Row } from "./table.ts";

const members = 100;
const measuredMs = 5_000;
const packr = new Packr({ useRecords: false, variableMapSize: true });

export async function benchMembersRpc(createSandbox: () => Sandbox, progress: (line: string) => void): Promise<Row[]> {
  const ours = await measure("ours", createSandbox(), progress);
  const debian = await measure("debian", createSandbox(), progress);
  return [
    {
      what: `\`members\` RPC calls at ${members} members`,
      unit: "/s",
      ours,
      reference: debian,
      aim: atLeast(ours, debian, "at least the reference's"),
    },
  ];
}

async function measure(kind: Kind, sandbox: Sandbox, progress: (line: string) => void): Promise<number> {
  progress(`gathering ${members} members around one agent (${kind})`);
  // The other members live in this process: only the agent's RPC is measured.
  const others: Awaited<ReturnType<typeof createSerf>>[] = [];
  try {
    const agent = await sandbox.startAgent({ kind, name: "measured", profile: "lan", args: ["-log-level=warn"] });
    for (let index = 1; index < members; index++) {
      const node = await createSerf({ nodeName: `member-${index}`, bind: "127.0.0.1:0", tags: { role: "bench" } });
      others.push(node);
      await node.join([agent.address]);
    }
    await waitFor(async () => (await agent.members()).length === members, {
      what: `${members} members`,
      deadlineMs: 60_000,
    });
    progress(`calling for ${measuredMs / 1000} s (${kind})`);
    return await callRate(agent.place.rpcPort);
  } finally {
    await Promise.all(others.map((node) => node.shutdown()));
    await sandbox.close();
  }
}

/** Calls a second of one caller that has its answer before it asks again. */
export async function callRate(port: number): Promise<number> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.setNoDelay(true);
  await call(socket, Buffer.concat([packr.pack({ Command: "handshake", Seq: 0 }), packr.pack({ Version: 1 })]), 1);
  const request = packr.pack({ Command: "members", Seq: 1 });
  const answerBytes = await call(socket, request, 2);

  let calls = 0;
  let received = 0;
  const endAt = performance.now() + measuredMs;
  await new Promise<void>((resolve, reject) => {
    socket.on("data", (chunk) => {
      received += chunk.length;
      if (received < answerBytes) return;
      if (received > answerBytes) reject(new Error("the members changed while measuring"));
      received = 0;
      calls++;
      if (performance.now() < endAt) socket.write(request);
      else resolve();
    });
    socket.on("error", reject);
    socket.write(request);
  });
  socket.destroy();
  return calls / (measuredMs / 1000);
}

/** Sends `request` and waits for `values` MessagePack values; returns how many bytes they took. */
function call(socket: Socket, request: Uint8Array, values: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    const receive = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      if (countWhole(answer) < values) return;
      socket.off("data", receive);
      resolve(answer.length);
    };
    socket.on("data", receive);
    socket.once("error", reject);
    socket.write(request);
  });
}

function countWhole(bytes: Buffer): number {
  try {
    return (unpackMultiple(bytes) as unknown[]).length;
  } catch {
    return 0; // the last value is not here yet
  }
}
