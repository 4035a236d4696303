/** Messages and bytes for property tests. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { bytesToIp } from "../../src/base/address.ts";
import { hexDecode } from "../../src/base/bytes.ts";
import { type NodeStateRecord, nodeStates, type PacketMessage, type StateExchange } from "../../src/wire/messages.ts";

const u8 = fc.integer({ min: 0, max: 255 });
const u16 = fc.oneof(u8, fc.integer({ min: 0, max: 65_535 }));
const u32 = fc.oneof(u16, fc.integer({ min: 0, max: 4_294_967_295 }));
const name = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ minLength: 1, maxLength: 300, unit: "grapheme" }),
);
const payload = fc.uint8Array({ maxLength: 600 });
const address = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map((bytes) => bytesToIp(bytes)!);
const source = { sourceAddress: fc.oneof(fc.constant(""), address), sourcePort: u16, sourceNode: name };
const versions = fc.option(
  fc.record({
    protocolMin: u8,
    protocolMax: u8,
    protocolCurrent: u8,
    delegateMin: u8,
    delegateMax: u8,
    delegateCurrent: u8,
  }),
  { nil: undefined },
);

export const anyMessage: fc.Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ kind: fc.constant("ping" as const), sequence: u32, node: name, ...source }),
  fc.record({
    kind: fc.constant("indirect-ping" as const),
    sequence: u32,
    targetAddress: address,
    targetPort: u16,
    node: name,
    nack: fc.boolean(),
    ...source,
  }),
  fc.record({ kind: fc.constant("ack" as const), sequence: u32, payload }),
  fc.record({ kind: fc.constant("nack" as const), sequence: u32 }),
  fc.record({ kind: fc.constant("suspect" as const), incarnation: u32, node: name, from: name }),
  fc.record({
    kind: fc.constant("alive" as const),
    incarnation: u32,
    node: name,
    address,
    port: u16,
    meta: payload,
    versions,
  }),
  fc.record({ kind: fc.constant("dead" as const), incarnation: u32, node: name, from: name }),
  fc.record({ kind: fc.constant("user" as const), payload }),
);

const anyRecord: fc.Arbitrary<NodeStateRecord> = fc.record({
  name,
  address,
  port: u16,
  meta: payload,
  incarnation: u32,
  state: fc.constantFrom(...nodeStates),
  versions,
});

export const anyExchange: fc.Arbitrary<StateExchange> = fc.record({
  kind: fc.constant("push-pull" as const),
  join: fc.boolean(),
  nodes: fc.array(anyRecord, { maxLength: 20 }),
  userState: payload,
});

/** Bytes of the real thing that are not encrypted, packets and streams alike: what damaged bytes are made from. */
const golden: readonly Uint8Array[] = readGolden();

function readGolden(): Uint8Array[] {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(new URL(`../fixtures/wire/${file}`, import.meta.url), "utf8"));
  const library = read("library.json") as Record<string, readonly { readonly hex: string }[]>;
  const agent = read("agent.json") as readonly { readonly captures: readonly { readonly hex: string }[] }[];
  const vectors = [...Object.values(library).flat(), ...agent.flatMap(({ captures }) => captures)];
  return vectors.map(({ hex }) => hexDecode(hex)!).filter((bytes) => bytes.length > 0 && bytes.length < 2000);
}

/** Bytes without meaning. */
const noise = fc.uint8Array({ maxLength: 1500 });

/** MessagePack heads and message types, strung together: gets further into a decoder than noise. */
const heads = fc
  .array(
    fc.oneof(
      u8.map((byte) => [byte]),
      fc.constantFrom(
        [0x80],
        [0x8f],
        [0x90],
        [0xc0],
        [0xdd, 0xff, 0xff, 0xff, 0xff],
        [0xdf, 0x7f, 0xff, 0xff, 0xff],
        [0xdb, 0xff, 0xff, 0xff, 0xff],
        [0xc6, 0, 0, 1, 0],
        [0xc9, 0xff, 0xff, 0xff, 0xff],
        [0xcf, 255, 255, 255, 255, 255, 255, 255, 255],
        [0xd3, 128, 0, 0, 0, 0, 0, 0, 0],
        [0xa4, 0x4e, 0x6f, 0x64, 0x65],
        [0xa5, 0x4e, 0x6f, 0x64, 0x65, 0x73],
        [0xa4, 0x41, 0x64, 0x64, 0x72],
        [0xa3, 0x56, 0x73, 0x6e],
        [7, 255],
        [9, 0x82, 0xa4, 0x41, 0x6c, 0x67, 0x6f, 0, 0xa3, 0x42, 0x75, 0x66],
        [12, 0, 0, 0, 0],
        [244, 1, 65],
      ),
    ),
    { maxLength: 200 },
  )
  .map((parts) => Uint8Array.from(parts.flat()));

/** A golden vector with bytes changed, cut out, or put in from another one. */
const damaged = fc
  .tuple(
    fc.constantFrom(...golden),
    fc.constantFrom(...golden),
    fc.array(fc.tuple(fc.nat(), u8, fc.constantFrom("set", "cut", "splice", "insert")), { minLength: 1, maxLength: 4 }),
  )
  .map(([bytes, other, edits]) => {
    let result = Array.from(bytes);
    for (const [position, byte, edit] of edits) {
      const at = position % (result.length + 1);
      if (edit === "set") result[Math.min(at, result.length - 1)] = byte;
      else if (edit === "cut") result.splice(at, 1 + (byte % 16));
      else if (edit === "insert") result.splice(at, 0, byte);
      else result = [...result.slice(0, at), ...other.slice(position % other.length)];
      if (result.length === 0) result.push(byte);
    }
    return Uint8Array.from(result);
  });

export const anyBytes: fc.Arbitrary<Uint8Array> = fc.oneof(noise, heads, damaged);
