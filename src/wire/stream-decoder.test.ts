import { describe, expect, test } from "vitest";
import { concatBytes, utf8Encode } from "../base/bytes.ts";
import type { Random } from "../base/host.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import { encodeMessage } from "./codecs.ts";
import { compress, compressedSchema } from "./compression.ts";
import { createLabel } from "./label.ts";
import { compressLzw } from "./lzw.ts";
import { messageTypes, type NodeStateRecord, type StreamMessage } from "./messages.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { Opening, Sealing } from "./packet-envelope.ts";
import { encodeStateExchange, stateHeaderSchema, userMessageHeaderSchema } from "./state-exchange.ts";
import { StreamDecoder } from "./stream-decoder.ts";
import { encodeStreamUserMessage, sealStreamMessage } from "./stream-envelope.ts";

const random: Random = { below: () => 0, fraction: () => 0, fill: (target) => target.fill(7) };
const key = new Uint8Array(24).fill(1);
const otherKey = new Uint8Array(16).fill(2);

const nodes: readonly NodeStateRecord[] = ["alive", "suspect", "dead", "left"].map((state, i) => ({
  name: `node-${i}`,
  address: i % 2 === 0 ? `10.0.0.${i}` : `fe80::${i}`,
  port: 7946,
  meta: utf8Encode("meta".repeat(20 * i)),
  incarnation: 1000 * i,
  state: state as NodeStateRecord["state"],
  versions: { protocolMin: 1, protocolMax: 5, protocolCurrent: 2, delegateMin: 2, delegateMax: 5, delegateCurrent: 4 },
}));

const exchange: StreamMessage = { kind: "push-pull", join: true, nodes, userState: utf8Encode("all we know") };
const messages: readonly (readonly [string, StreamMessage, Uint8Array])[] = [
  ["push/pull", exchange, encodeStateExchange(exchange)],
  [
    "push/pull of nothing (accident 13: empty remote state)",
    { kind: "push-pull", join: false, nodes: [], userState: new Uint8Array(0) },
    encodeStateExchange({ join: false, nodes: [], userState: new Uint8Array(0) }),
  ],
  ["user", { kind: "user", payload: utf8Encode("hello") }, encodeStreamUserMessage(utf8Encode("hello"))],
  ["empty user", { kind: "user", payload: new Uint8Array(0) }, encodeStreamUserMessage(new Uint8Array(0))],
  ...(
    [
      { kind: "ping", sequence: 9, node: "b", sourceAddress: "", sourcePort: 0, sourceNode: "" },
      { kind: "ack", sequence: 9, payload: new Uint8Array(0) },
      { kind: "error", error: "no" },
    ] as const
  ).map((message) => [message.kind, message, encodeMessage(message)] as const),
];

function sealing(changes: Partial<Sealing> = {}): Sealing {
  return { label: createLabel(""), keys: [], encryptionVersion: 1, compress: false, random, ...changes };
}

function opening(changes: Partial<Opening> = {}): Opening {
  return { label: createLabel(""), keys: [], verifyIncoming: true, ...changes };
}

function decode(stream: Uint8Array, changes: Partial<Opening> = {}, chunkBytes = stream.length) {
  const decoder = new StreamDecoder(opening(changes));
  for (let at = 0; at < stream.length; at += Math.max(1, chunkBytes)) {
    decoder.push(stream.slice(at, at + Math.max(1, chunkBytes)));
    do {
      const message = decoder.next();
      if (message !== undefined) return message;
    } while (decoder.isBusy);
  }
  return decoder.end();
}

function reasonOf(result: StreamMessage | Rejected | undefined): string | undefined {
  return isRejected(result) ? result.reason : undefined;
}

describe("a stream", () => {
  for (const [name, message, encoded] of messages)
    for (const label of ["", "blue"])
      for (const keys of [[], [key]])
        for (const compressed of [false, true])
          test(`gives a ${name}, in any chunks: label "${label}", ${keys.length} keys, compressed ${compressed}`, () => {
            const sealed = sealStreamMessage(
              encoded,
              sealing({ label: createLabel(label), keys, compress: compressed }),
            );
            for (const chunkBytes of [sealed.length, 1, 7])
              expect(
                decode(
                  sealed,
                  { label: createLabel(label), keys: [otherKey, ...keys].slice(1 - keys.length) },
                  chunkBytes,
                ),
              ).toEqual(message);
          });

  test("is compressed even if that makes it larger (detail 1)", () => {
    const sealed = sealStreamMessage(Uint8Array.of(messageTypes.ping, 0x80), sealing({ compress: true }));
    expect(sealed[0]).toBe(messageTypes.compress);
    expect(sealed.length).toBeGreaterThan(2);
  });

  test("authenticates its frame head and its label (detail 2)", () => {
    const sealed = sealStreamMessage(messages[2]![2], sealing({ keys: [key], label: createLabel("blue") }));
    const [header, frame] = [sealed.slice(0, 6), sealed.slice(6)];
    expect(frame[0]).toBe(messageTypes.encrypt);
    expect(frame.length).toBe(5 + (frame[4]! | (frame[3]! << 8)));
    expect(header).toEqual(createLabel("blue").header);
    const relabelled = concatBytes(createLabel("grey").header, frame);
    expect(reasonOf(decode(relabelled, { keys: [key], label: createLabel("grey") }))).toBe("undecryptable");
    const longer = concatBytes(sealed, Uint8Array.of(0));
    longer[10]!++;
    expect(reasonOf(decode(longer, { keys: [key], label: createLabel("blue") }))).toBe("undecryptable");
  });

  test("of encryption version 0 opens too", () => {
    const sealed = sealStreamMessage(messages[0]![2], sealing({ keys: [key], encryptionVersion: 0 }));
    expect(decode(sealed, { keys: [key] })).toEqual(exchange);
  });

  test("in plain text is refused while encryption is on (accident 8), unless incoming is not verified", () => {
    for (const compressed of [false, true]) {
      const sealed = sealStreamMessage(messages[0]![2], sealing({ compress: compressed }));
      expect(reasonOf(decode(sealed, { keys: [key] }))).toBe("not-encrypted");
      expect(decode(sealed, { keys: [key], verifyIncoming: false })).toEqual(exchange);
    }
  });

  test("encrypted for others is refused", () => {
    const sealed = sealStreamMessage(messages[0]![2], sealing({ keys: [key] }));
    expect(reasonOf(decode(sealed))).toBe("undecryptable");
    expect(reasonOf(decode(sealed, { keys: [otherKey] }))).toBe("undecryptable");
  });

  test("with a wrong, missing, empty or cut off label is refused (accident 7)", () => {
    const sealed = sealStreamMessage(messages[2]![2], sealing({ label: createLabel("blue") }));
    expect(reasonOf(decode(sealed))).toBe("wrong-label");
    expect(reasonOf(decode(sealed, { label: createLabel("grey") }, 1))).toBe("wrong-label");
    expect(reasonOf(decode(messages[2]![2], { label: createLabel("blue") }))).toBe("wrong-label");
    expect(reasonOf(decode(Uint8Array.of(244, 0, 8)))).toBe("wrong-label");
    for (let length = 1; length < 6; length++)
      expect(reasonOf(decode(sealed.slice(0, length), { label: createLabel("blue") }))).toBe("truncated");
  });

  test("that announces too much is refused before it is held (accident 4)", () => {
    const frame = Uint8Array.of(messageTypes.encrypt, 0x7f, 0xff, 0xff, 0xff);
    expect(reasonOf(decode(frame, { keys: [key] }))).toBe("too-large");
    for (const bytes of [-1, 20 * 1024 * 1024 + 1, Number.MAX_SAFE_INTEGER]) {
      expect(reasonOf(decode(userMessageHeaderSchema.encode({ bytes }, messageTypes.user)))).toBe("too-large");
      expect(reasonOf(decode(stateHeader({ userStateBytes: bytes })))).toBe("too-large");
    }
    for (const nodes of [-1, 1024 * 1024 + 1]) expect(reasonOf(decode(stateHeader({ nodes })))).toBe("too-large");
    const record = Uint8Array.of(...stateHeader({ nodes: 1 }), 0x81, 0xa4, ...utf8Encode("Name"), 0xdb, 1, 0, 0, 0);
    expect(reasonOf(decode(record))).toBe("too-large");
  });

  test("that announces as much as is allowed and sends little holds little", () => {
    const decoder = new StreamDecoder(opening());
    decoder.push(stateHeader({ nodes: 1024 * 1024, userStateBytes: 20 * 1024 * 1024 }));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.bufferedBytes).toBe(0);
    expect(decoder.end()?.reason).toBe("truncated");
  });

  test("that inflates to nothing is refused (accident 2)", () => {
    const nothing = compressedSchema.encode(
      { algorithm: 0, bytes: compressLzw(new Uint8Array(0)) },
      messageTypes.compress,
    );
    expect(reasonOf(decode(nothing))).toBe("truncated");
  });

  test("is refused beyond 40 MiB inflated, a slice at a time (accident 3: decompression bomb)", () => {
    const bomb = compress(new Uint8Array(40 * 1024 * 1024 + 1));
    const decoder = new StreamDecoder(opening());
    decoder.push(bomb);
    let slices = 0;
    let result = decoder.next();
    for (; result === undefined && decoder.isBusy; result = decoder.next()) slices++;
    expect(reasonOf(result)).toBe("too-large");
    expect(slices).toBeGreaterThan(30);
  });

  test("holds nothing of an encrypted frame without content", () => {
    const sealed = sealStreamMessage(new Uint8Array(0), sealing({ keys: [key] }));
    expect(reasonOf(decode(sealed, { keys: [key] }))).toBe("truncated");
  });

  test("with an unknown or misplaced message type is refused", () => {
    for (const type of [1, 3, 4, 5, 7, 10, 11, 12, 14, 255])
      expect(reasonOf(decode(Uint8Array.of(type, 0x80)))).toMatch(/unknown-kind|undecryptable/);
    expect(reasonOf(decode(compress(compress(messages[2]![2]))))).toBe("unknown-kind");
  });

  test("leaves out nodes without a usable address or of a state nobody defined, and keeps the others", () => {
    const odd = [
      { ...nodes[0]!, address: "" },
      { ...nodes[0]!, name: "" },
      { ...nodes[0]!, state: "gone" as NodeStateRecord["state"] },
    ];
    const result = decode(
      encodeStateExchange({ join: false, nodes: [...odd, nodes[1]!], userState: new Uint8Array(0) }),
    );
    expect(result).toMatchObject({ kind: "push-pull", nodes: [nodes[1]] });
  });

  test("reads a large state in slices", () => {
    const many = Array.from({ length: 12_000 }, (_, i) => ({ ...nodes[0]!, name: `node-${i}` }));
    const encoded = encodeStateExchange({ join: false, nodes: many, userState: utf8Encode("end") });
    const decoder = new StreamDecoder(opening());
    decoder.push(encoded);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.isBusy).toBe(true);
    let result = decoder.next();
    while (result === undefined && decoder.isBusy) result = decoder.next();
    expect(result).toEqual({ kind: "push-pull", join: false, nodes: many, userState: utf8Encode("end") });
    expect(decoder.isBusy).toBe(false);
  });

  test("that ended early says so; after a message the rest is ignored", () => {
    const encoded = messages[0]![2];
    for (const length of [0, 1, 20, encoded.length - 1])
      expect(reasonOf(decode(encoded.slice(0, length)))).toBe("truncated");
    const decoder = new StreamDecoder(opening());
    decoder.push(concatBytes(encoded, encoded));
    expect(decoder.next()).toEqual(exchange);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.end()).toBeUndefined();
    expect(decoder.bufferedBytes).toBe(0);
  });
});

function stateHeader({ nodes = 0, userStateBytes = 0 }: { nodes?: number; userStateBytes?: number }): Uint8Array {
  const writer = new MsgpackWriter();
  writer.byte(messageTypes.pushPull);
  stateHeaderSchema.write(writer, { nodes, userStateBytes, join: false });
  return writer.finish();
}
