/** Bytes of the real thing: what they mean, and that ours are the same. How each was taken: test/fixtures/wire/README.md. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bytesEqual, concatBytes, hexDecode, hexEncode, utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import type { Random } from "../../src/base/host.ts";
import { isRejected } from "../../src/base/rejected.ts";
import { decrypt, encrypt } from "../../src/wire/cipher.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/codecs.ts";
import { encodeCompound, openCompound } from "../../src/wire/compound.ts";
import { compress, decompress } from "../../src/wire/compression.ts";
import { createLabel } from "../../src/wire/label.ts";
import { messageTypes, type PacketMessage, type StreamMessage } from "../../src/wire/messages.ts";
import { openPacket, type Sealing, sealPacket } from "../../src/wire/packet-envelope.ts";
import {
  boolean,
  bytes,
  field,
  i64,
  list,
  looseText,
  map,
  nullable,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
} from "../../src/wire/schema.ts";
import { encodeStateExchange } from "../../src/wire/state-exchange.ts";
import { StreamDecoder } from "../../src/wire/stream-decoder.ts";
import { encodeStreamUserMessage, sealStreamMessage } from "../../src/wire/stream-envelope.ts";
import { serfVersions } from "../support/members.ts";

interface Vector {
  readonly name: string;
  readonly hex: string;
}

interface Library {
  readonly messages: readonly Vector[];
  readonly envelopes: readonly Vector[];
  readonly serf: readonly Vector[];
  readonly captures: readonly (Vector & { readonly transport: "packet" | "stream" })[];
}

interface AgentSession {
  readonly name: string;
  readonly key: string;
  readonly captures: readonly { readonly transport: "packet" | "stream"; readonly hex: string }[];
}

const library = readFixture<Library>("library.json");
const agent = readFixture<readonly AgentSession[]>("agent.json");

const versions = { ...serfVersions, delegateCurrent: 4 };
const noSource = { sourceAddress: "", sourcePort: 0, sourceNode: "" };
const alive = {
  kind: "alive",
  incarnation: 1,
  node: "b",
  address: "10.0.0.1",
  meta: new Uint8Array(0),
  versions,
} as const;

const expectedMessages: Readonly<Record<string, PacketMessage>> = {
  ping: { kind: "ping", sequence: 1, node: "b", ...noSource },
  "ping from": {
    kind: "ping",
    sequence: 4_294_967_295,
    node: "b",
    sourceAddress: "10.0.0.1",
    sourcePort: 7946,
    sourceNode: "a",
  },
  "indirect ping": {
    kind: "indirect-ping",
    sequence: 255,
    targetAddress: "10.0.0.1",
    targetPort: 7946,
    node: "b",
    nack: true,
    ...noSource,
  },
  "indirect ping from, IPv6": {
    kind: "indirect-ping",
    sequence: 256,
    targetAddress: "fe80::1",
    targetPort: 65_535,
    node: "b",
    nack: false,
    sourceAddress: "fe80::1",
    sourcePort: 127,
    sourceNode: "a",
  },
  ack: { kind: "ack", sequence: 128, payload: new Uint8Array(0) },
  "ack, empty payload": { kind: "ack", sequence: 127, payload: new Uint8Array(0) },
  "ack, payload": { kind: "ack", sequence: 65_536, payload: Uint8Array.of(1, 2, 3) },
  nack: { kind: "nack", sequence: 65_535 },
  suspect: { kind: "suspect", incarnation: 3, node: "b", from: "a" },
  alive: { ...alive, incarnation: 70_000, port: 7946, meta: utf8Encode("meta") },
  "alive, IPv4 in 16 bytes": { ...alive, port: 7946 },
  "alive, IPv6": { ...alive, address: "fe80::1", port: 7946, meta: utf8Encode("x".repeat(300)) },
  "alive, no versions": { ...alive, port: 7946, versions: undefined },
  "alive, three versions": { ...alive, port: 7946, versions: undefined },
  "alive, 31 byte name": { ...alive, node: "n".repeat(31), port: 1 },
  "alive, 32 byte name": { ...alive, node: "n".repeat(32), port: 1 },
  "alive, 300 byte name": { ...alive, node: "n".repeat(300), port: 1 },
  "alive, umlauts": { ...alive, node: "küche", port: 1 },
  dead: { kind: "dead", incarnation: 3, node: "b", from: "a" },
  left: { kind: "dead", incarnation: 3, node: "b", from: "b" },
  user: { kind: "user", payload: utf8Encode("payload") },
};

/** Forms that the library takes but that neither we nor it writes of its own accord: the shorter form means the same. */
const otherForms = new Set(["ack, empty payload", "alive, IPv4 in 16 bytes", "alive, three versions"]);

describe("the library's messages", () => {
  test("are all expected", () => {
    expect(library.messages.map(({ name }) => name)).toEqual([
      ...Object.keys(expectedMessages).slice(0, 8),
      "error",
      ...Object.keys(expectedMessages).slice(8),
    ]);
  });

  test.each(Object.entries(expectedMessages))("%s", (name, message) => {
    const encoded = vectorOf(library.messages, name);
    expect(decodeMessage(encoded)).toEqual(message);
    if (!otherForms.has(name)) expect(hexEncode(encodeMessage(message))).toBe(hexEncode(encoded));
  });

  test("error", () => {
    const encoded = vectorOf(library.messages, "error");
    expect(encodeMessage({ kind: "error", error: "no thanks" })).toEqual(encoded);
    expect(openStream(encoded)).toEqual({ kind: "error", error: "no thanks" });
  });
});

describe("the library's envelopes", () => {
  test("compound", () => {
    const compound = vectorOf(library.envelopes, "compound");
    const parts: Uint8Array[] = [];
    expect(openCompound(compound, (part) => parts.push(part))).toBeUndefined();
    expect(parts.map(utf8Decode)).toEqual(["\ba", "\bbc", "\b"]);
    expect(encodeCompound(parts)).toEqual(compound);
  });

  test.each([
    ["na", utf8Encode("na".repeat(100))],
    ["a", utf8Encode("a")],
    ["0", new Uint8Array(10_000)],
    ["pseudo-random", pseudoRandom(20_000)],
  ])("compressed: %s", (name, input) => {
    const message = concatBytes(Uint8Array.of(messageTypes.user), input);
    const compressed = vectorOf(library.envelopes, `compressed: ${name}`);
    expect(decompress(compressed, message.length)).toEqual(message);
    expect(bytesEqual(compress(message), compressed)).toBe(true);
  });

  const encrypted = library.envelopes.filter(({ name }) => name.startsWith("encrypted|"));

  test("have every key size, version and kind of padding", () => {
    expect(encrypted.length).toBe(48);
  });

  test.each(encrypted)("$name", ({ name, hex }) => {
    const [, keyBytes, version, label = "", message = ""] = name.split("|");
    const sealed = hexDecode(hex)!;
    const key = keyOf(Number(keyBytes));
    const associated = utf8Encode(label);
    const plain = decrypt(sealed, [key], associated);
    expect(isRejected(plain) ? plain : utf8Decode(plain)).toBe(message);
    const random = randomOf(sealed.subarray(1, 13));
    const again = encrypt(utf8Encode(message), key, version === "0" ? 0 : 1, associated, random);
    expect(hexEncode(again)).toBe(hex);
  });
});

describe("packets and streams of the library's memberlist", () => {
  const state = {
    join: true,
    nodes: [
      {
        name: "a",
        address: "127.0.0.1",
        port: 7946,
        meta: utf8Encode("meta of a"),
        incarnation: 1,
        state: "alive",
        versions: undefined,
      },
    ],
    userState: utf8Encode("state of a"),
  } as const;

  test.each(library.captures)("$name", ({ name, transport, hex }) => {
    const captured = hexDecode(hex)!;
    const key = /key of (\d+)/.exec(name)?.[1];
    const protocolCurrent = Number(/protocol (\d)/.exec(name)![1]);
    const keys = key === undefined ? [] : [keyOf(Number(key))];
    const encryptionVersion = protocolCurrent === 1 ? 0 : 1;
    const sealing: Sealing = {
      label: createLabel(""),
      keys,
      encryptionVersion,
      compress: name.includes("compressed"),
      random: randomOf(captured.subarray(transport === "packet" ? 1 : 6)),
    };
    if (transport === "packet") {
      const message = { kind: "user", payload: utf8Encode("best effort, best effort, best effort") } as const;
      expect(openAll(captured, keys)).toEqual([message]);
      expect(hexEncode(sealPacket([encodeMessage(message)], sealing, true))).toBe(hex);
      return;
    }
    const opened = openStream(captured, keys);
    if (name.endsWith("user stream")) {
      expect(opened).toEqual({ kind: "user", payload: utf8Encode("reliable") });
      expect(hexEncode(sealStreamMessage(encodeStreamUserMessage(utf8Encode("reliable")), sealing))).toBe(hex);
      return;
    }
    const nodeVersions = { ...versions, protocolCurrent, delegateMin: 0, delegateMax: 0, delegateCurrent: 0 };
    const expected = { ...state, nodes: [{ ...state.nodes[0], versions: nodeVersions }] };
    expect(opened).toEqual({ kind: "push-pull", ...expected });
    expect(hexEncode(sealStreamMessage(encodeStateExchange(expected), sealing))).toBe(hex);
  });
});

describe("Serf's messages of the library, by schemas", () => {
  const event = struct({ name: field("Name", text), payload: field("Payload", bytes) });
  const schemas = {
    leave: struct({ time: field("LTime", u64), node: field("Node", text), prune: field("Prune", boolean) }),
    join: struct({ time: field("LTime", u64), node: field("Node", text) }),
    "push/pull": struct({
      time: field("LTime", u64),
      statusTimes: field("StatusLTimes", map(u64)),
      left: field("LeftMembers", list(text)),
      eventTime: field("EventLTime", u64),
      events: field(
        "Events",
        list(nullable(struct({ time: field("LTime", u64), events: field("Events", list(event)) }))),
      ),
      queryTime: field("QueryLTime", u64),
    }),
    "user event": struct({
      time: field("LTime", u64),
      name: field("Name", text),
      payload: field("Payload", bytes),
      coalesce: field("CC", boolean),
    }),
    query: struct({
      time: field("LTime", u64),
      id: field("ID", u32),
      address: field("Addr", bytes),
      port: field("Port", u16),
      source: field("SourceNode", text),
      filters: field("Filters", list(bytes)),
      flags: field("Flags", u32),
      relay: field("RelayFactor", u8),
      timeout: field("Timeout", i64),
      name: field("Name", text),
      payload: field("Payload", bytes),
    }),
    "query response": struct({
      time: field("LTime", u64),
      id: field("ID", u32),
      from: field("From", text),
      flags: field("Flags", u32),
      payload: field("Payload", bytes),
    }),
    "node filter": list(text),
    "tag filter": struct({ tag: field("Tag", text), expression: field("Expr", text) }),
    tags: map(looseText),
  };

  test.each(library.serf.filter(({ name }) => name !== "relay"))("$name", ({ name, hex }) => {
    const encoded = hexDecode(hex)!;
    const schema = schemas[name.split(",")[0] as keyof typeof schemas];
    const value = schema.decode(encoded, 1);
    expect(isRejected(value)).toBe(false);
    expect(value).toMatchSnapshot();
    if (/empty payload|zero/.test(name)) return;
    expect(hexEncode(schema.encode(value as never, encoded[0]))).toBe(hex);
  });
});

describe.each(agent)("the agent: $name", ({ key, captures, name }) => {
  const keys = key === "" ? [] : [hexDecode(key)!];

  test("every packet opens, and seals to the same messages", () => {
    const kinds = new Set<string>();
    for (const { transport, hex } of captures) {
      if (transport !== "packet") continue;
      const messages = openAll(hexDecode(hex)!, keys);
      for (const message of messages) kinds.add(message.kind);
      const sealing = {
        label: createLabel(""),
        keys,
        encryptionVersion: 1,
        compress: false,
        random: randomOf(nonce),
      } as const;
      expect(openAll(sealPacket(messages.map(encodeMessage), sealing, true), keys)).toEqual(messages);
    }
    expect([...kinds].toSorted()).toEqual(["ack", "alive", "dead", "nack", "ping", "suspect", "user"]);
  });

  test("every stream opens", () => {
    const kinds = captures
      .filter(({ transport }) => transport === "stream")
      .map(({ hex }) => openStream(hexDecode(hex)!, keys))
      .map((message) => message.kind);
    expect([...new Set(kinds)].toSorted()).toEqual(["ping", "push-pull"]);
  });

  test("every plain packet is written by us byte for byte", () => {
    if (keys.length > 0) return;
    const random = randomOf(nonce);
    for (const { transport, hex } of captures) {
      if (transport !== "packet") continue;
      const packet = hexDecode(hex)!;
      const sealing = {
        label: createLabel(""),
        keys,
        encryptionVersion: 1,
        compress: name.includes("compressed"),
        random,
      } as const;
      const messages = openAll(packet, keys).map(encodeMessage);
      // A single message that the agent put alone into a compound cannot be told from one that it did not.
      const isCompound = packet[0] === messageTypes.compound || packet[5] === messageTypes.compound;
      const parts = isCompound && messages.length === 1 ? [encodeCompound(messages)] : messages;
      expect(hexEncode(sealPacket(parts, sealing, packet[0] === messageTypes.crc))).toBe(hex);
    }
  });
});

describe("the page on the protocol", () => {
  const page = readFileSync(new URL("../../docs/PROTOCOL.md", import.meta.url), "utf8");
  const blocks = [...page.matchAll(/```vectors\n([\s\S]*?)```/g)].flatMap(([, block = ""]) => block.trim().split("\n"));

  test("shows the library's bytes", () => {
    const vectors = new Map(
      Object.values(library).flatMap((kind: readonly Vector[]) => kind.map((v) => [v.name, v.hex])),
    );
    expect(blocks.length).toBeGreaterThan(15);
    for (const line of blocks) {
      const [, name = "", hex] = /^(.*): ([0-9a-f]+)$/.exec(line) ?? [];
      expect([name, vectors.get(name)]).toEqual([name, hex]);
    }
  });

  test("shows a label as we write it", () => {
    const labelled = hexDecode(/^ {4}(f4 .*)$/m.exec(page)?.[1] ?? "")!;
    const sealing: Sealing = {
      label: createLabel("blue"),
      keys: [],
      encryptionVersion: 1,
      compress: false,
      random: randomOf(nonce),
    };
    expect(sealPacket([vectorOf(library.messages, "nack")], sealing, false)).toEqual(labelled);
  });
});

const nonce = new Uint8Array(12);

function readFixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/wire/${name}`, import.meta.url), "utf8")) as T;
}

function vectorOf(vectors: readonly Vector[], name: string): Uint8Array {
  return hexDecode(vectors.find((vector) => vector.name === name)!.hex)!;
}

/** The key of the generator: 1, 2, 3 … */
function keyOf(keyBytes: number): Uint8Array {
  return Uint8Array.from({ length: keyBytes }, (_, i) => i + 1);
}

function randomOf(source: Uint8Array): Random {
  return {
    below: () => 0,
    fraction: () => 0,
    fill: (target) => {
      target.set(source.subarray(0, target.length));
      return target;
    },
  };
}

function openAll(packet: Uint8Array, keys: readonly Uint8Array[]): PacketMessage[] {
  const messages: PacketMessage[] = [];
  const opening = { label: createLabel(""), keys, verifyIncoming: true };
  expect(openPacket(packet, opening, (message) => messages.push(message))).toBeUndefined();
  return messages;
}

function openStream(stream: Uint8Array, keys: readonly Uint8Array[] = []): StreamMessage {
  const decoder = new StreamDecoder({ label: createLabel(""), keys, verifyIncoming: true });
  decoder.push(stream.slice());
  const message = decoder.next();
  if (message === undefined || isRejected(message)) throw new Error(`not a message: ${JSON.stringify(message)}`);
  return message;
}

/** The generator's, so that both sides compress the same bytes. */
function pseudoRandom(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}
