/** Bytes that crashed, filled or fooled the original, sent to running agents over real sockets. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Agent } from "../../src/agent/agent.ts";
import { createAgent } from "../../src/agent/index.ts";
import type { Endpoint } from "../../src/base/address.ts";
import { concatBytes, utf8Encode } from "../../src/base/bytes.ts";
import { NodeRandom } from "../../src/host/node-random.ts";
import { pushPullsMax } from "../../src/memberlist/stream-server.ts";
import { encodeFrame } from "../../src/rpc/framing.ts";
import { encodeMessage } from "../../src/wire/codecs.ts";
import { compress, compressedSchema } from "../../src/wire/compression.ts";
import { createLabel } from "../../src/wire/label.ts";
import { compressLzw } from "../../src/wire/lzw.ts";
import { messageTypes } from "../../src/wire/messages.ts";
import { type Sealing, sealPacket } from "../../src/wire/packet-envelope.ts";
import { bytes, field, struct, text, u16, u32 } from "../../src/wire/schema.ts";
import { encodeStateExchange, stateHeaderSchema, userMessageHeaderSchema } from "../../src/wire/state-exchange.ts";
import { sealStreamMessage } from "../../src/wire/stream-envelope.ts";

const onLoopback = { bind: "127.0.0.1:0", rpcAddress: "127.0.0.1:0", profile: "local" } as const;
const nothing = new Uint8Array(0);
const label = createLabel("");
const plain: Sealing = { label, keys: [], encryptionVersion: 1, compress: false, random: new NodeRandom() };
const inflatesToNothing = compressedSchema.encode({ algorithm: 0, bytes: compressLzw(nothing) }, messageTypes.compress);

const packets: readonly (readonly [accident: string, packet: Uint8Array])[] = [
  ["an alive message with a version array of 2 (accident 1)", aliveWithVersions(Uint8Array.of(1, 5))],
  ["a compressed part that inflates to nothing (accident 2)", inflatesToNothing],
  ["a decompression bomb (accident 3)", compress(new Uint8Array(10_000_000))],
  ["more compound parts than bytes (accident 5)", Uint8Array.of(7, 1, 0, 0)],
  ["no bytes (accident 6)", nothing],
  ["a checksum of nothing (accident 6)", Uint8Array.of(messageTypes.crc, 0, 0, 0, 0)],
  ["half a label (accident 7)", Uint8Array.of(244, 9, 0x61)],
  ["plain text (accident 8)", encodeMessage({ kind: "dead", incarnation: 9, node: "target", from: "x" })],
];

const streams: readonly (readonly [accident: string, stream: Uint8Array])[] = [
  ["a compressed message that inflates to nothing (accident 2)", inflatesToNothing],
  ["a decompression bomb (accident 3)", compress(new Uint8Array(60 * 1024 * 1024))],
  ["a user message of 2^53 bytes (accident 4)", userMessageOf(Number.MAX_SAFE_INTEGER)],
  ["a user message of -1 bytes (accident 4)", userMessageOf(-1)],
  ["a push/pull of 2^53 nodes (accident 4)", stateOf(Number.MAX_SAFE_INTEGER, 0)],
  ["a push/pull with -1 bytes of user state (accident 4)", stateOf(0, -1)],
  ["an encrypted frame of 4 GiB (accident 4)", Uint8Array.of(messageTypes.encrypt, 255, 255, 255, 255)],
  ["no bytes (accident 6)", nothing],
  ["half a label (accident 7)", Uint8Array.of(244, 9, 0x61)],
  ["plain text (accident 8)", encodeStateExchange({ join: true, nodes: [], userState: nothing })],
];

/** What finds its way to a port by mistake, or feels for what is there. */
const strays: readonly (readonly [what: string, bytes: Uint8Array])[] = [
  ["a request in HTTP", utf8Encode("GET /metrics HTTP/1.1\r\nHost: serf\r\nAccept: */*\r\n\r\n")],
  ["a request in HTTP with an endless header", utf8Encode(`POST / HTTP/1.1\r\nCookie: ${"a".repeat(2_000_000)}`)],
  ["a hello of TLS", Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, ...new Uint8Array(509).fill(7))],
  ["a banner of SSH", utf8Encode("SSH-2.0-OpenSSH_9.2\r\n")],
  ["a handshake of RPC", encodeFrame({ Command: "handshake", Seq: 1 })],
  ["a push/pull", encodeStateExchange({ join: true, nodes: [], userState: nothing })],
  ["zeros", new Uint8Array(300_000)],
  ["a frame of MessagePack with 4 billion entries", Uint8Array.of(0xdf, 0xff, 0xff, 0xff, 0xff, 0xc0)],
];

describe.each([
  ["without a key", ""],
  ["with a key", "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s="],
])("an agent %s", (_, encryptKey) => {
  const sealing: Sealing = { ...plain, keys: encryptKey === "" ? [] : [Buffer.from(encryptKey, "base64")] };
  let target: Agent;
  beforeAll(async () => {
    target = await createAgent({ nodeName: "target", encryptKey, ...onLoopback });
  });
  afterAll(() => target.shutdown());

  test.each(packets)("outlives a packet: %s", async (_, packet) => {
    await isWellAfter(target, sealing, packet);
  });

  test.each(streams)("outlives a stream: %s", async (_, stream) => {
    const before = process.memoryUsage().arrayBuffers;
    const socket = await open(target.bound);
    socket.end(stream);
    socket.resume();
    await once(socket, "close");
    await isWellAfter(target, sealing);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(200 * 1024 * 1024);
  });

  test.each(strays)("outlives at each of its ports: %s", async (_, bytes) => {
    const [, rpcPort = ""] = /:(\d+)$/.exec(target.rpcAddress) ?? [];
    for (const port of [target.bound.port, Number(rpcPort)]) {
      const socket = await open({ address: "127.0.0.1", port });
      socket.end(bytes);
      socket.resume();
      await once(socket, "close");
    }
    await isWellAfter(target, sealing, bytes.subarray(0, 1_400));
  });

  test("lets another in afterwards, and hears its events", async () => {
    const other = await createAgent({ nodeName: "other", encryptKey, ...onLoopback });
    const heard = new Promise((resolve) => target.onEvent((event) => event.kind === "user" && resolve(event.name)));
    expect(await other.join([`127.0.0.1:${target.bound.port}`], false)).toMatchObject({ joined: 1 });
    await other.userEvent("deploy", utf8Encode("v1"), false);
    expect(await heard).toBe("deploy");
    await other.shutdown();
  });
});

describe("an agent asked for too many push/pulls at once", () => {
  test("answers 128, closes one more without a reply, and has places again once they are gone (accident 10)", async () => {
    const target = await createAgent({ nodeName: "target", ...onLoopback });
    const exchange = sealStreamMessage(encodeStateExchange({ join: false, nodes: [], userState: nothing }), plain);
    const ask = async (): Promise<{ socket: Socket; answerBytes: number }> => {
      const socket = await open(target.bound);
      socket.write(exchange);
      const asked = { socket, answerBytes: 0 };
      socket.on("data", (chunk) => {
        asked.answerBytes += chunk.length;
      });
      await once(socket, "end");
      return asked;
    };
    const asked = await Promise.all(Array.from({ length: pushPullsMax + 1 }, ask));
    expect(asked.filter(({ answerBytes }) => answerBytes > 0)).toHaveLength(128);
    for (const { socket } of asked) socket.destroy();
    await expect.poll(async () => (await ask()).answerBytes).toBeGreaterThan(0);
    await target.shutdown();
  });
});

/** Sends it from one socket with a ping behind it, so that the ack says that it was dealt with. */
async function isWellAfter(agent: Agent, sealing: Sealing, packet: Uint8Array = nothing): Promise<void> {
  const ping = { kind: "ping", sequence: 1, node: "target", sourceAddress: "", sourcePort: 0, sourceNode: "" } as const;
  const socket = createSocket("udp4");
  const { address, port } = agent.bound;
  const answered = once(socket, "message");
  for (const bytes of [packet, sealPacket([encodeMessage(ping)], sealing, false)]) socket.send(bytes, port, address);
  await answered;
  socket.close();
  expect(agent.serf.state).toBe("alive");
  expect(agent.serf.members().map(({ name, status }) => `${name} ${status}`)).toEqual(["target alive"]);
}

/** Half open, as Go's peers are: the other side's end is not ours. */
async function open(to: Endpoint): Promise<Socket> {
  const socket = connect({ host: to.address, port: to.port, allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

function aliveWithVersions(versions: Uint8Array): Uint8Array {
  const schema = struct({
    incarnation: field("Incarnation", u32),
    node: field("Node", text),
    address: field("Addr", bytes),
    port: field("Port", u16),
    meta: field("Meta", bytes),
    versions: field("Vsn", bytes),
  });
  const address = Uint8Array.of(127, 0, 0, 1);
  const alive = { incarnation: 1, node: "target", address, port: 1, meta: nothing, versions };
  return schema.encode(alive, messageTypes.alive);
}

function userMessageOf(length: number): Uint8Array {
  return concatBytes(userMessageHeaderSchema.encode({ bytes: length }, messageTypes.user), utf8Encode("little"));
}

function stateOf(nodes: number, userStateBytes: number): Uint8Array {
  return stateHeaderSchema.encode({ nodes, userStateBytes, join: true }, messageTypes.pushPull);
}
