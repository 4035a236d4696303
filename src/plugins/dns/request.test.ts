/** Bytes of anybody: what is not a question is answered with an error or not at all, and nothing throws. */

import type { BlockList } from "node:net";
import { decode, encode } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NameServer } from "./name-server.ts";
import { parseNetworks } from "./networks.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { headerBytes, readRequest, requestBytesMax } from "./request.ts";
import { Zone } from "./zone.ts";

const self = { name: "web1", address: "10.0.0.1", port: 7946, status: "alive", tags: { role: "web" } } as const;
const zone = new Zone([self], self, 1, { zone: ["serf"], portTag: "port", weightTag: "weight", ttlSeconds: 5 });
const networks = parseNetworks(["127.0.0.0/8", "10.0.0.0/8"]) as BlockList;
const server = new NameServer({
  zone: () => zone,
  clients: networks,
  limiter: new RateLimiter(0),
  forwarder: undefined,
  udpBytesMax: 1232,
  random: Math.random,
});

function answerTo(bytes: Uint8Array, isUdp = true, address = "127.0.0.1"): Buffer | undefined {
  let answer: Uint8Array | undefined;
  let calls = 0;
  const reply = (given: Uint8Array | undefined): void => {
    calls += 1;
    answer = given;
  };
  server.receive({ bytes, address, isUdp, reply });
  expect(calls).toBe(1);
  return answer === undefined ? undefined : Buffer.from(answer);
}

const question = encode({ type: "query", id: 7, questions: [{ name: "web1.node.serf", type: "A" }] });

/** The question with one thing in it changed. */
function changed(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(question);
  change(bytes);
  return bytes;
}

/** The code of an answer that repeats the question or does not. */
function outcomeOf(bytes: Uint8Array): string {
  const answer = answerTo(bytes);
  if (answer === undefined) return "dropped";
  const {
    id,
    rcode,
    opcode,
    questions = [],
  } = decode(answer) as ReturnType<typeof decode> & Record<"rcode" | "opcode", string>;
  expect(id).toBe(7);
  return `${rcode} ${opcode} ${questions.length}`;
}

const option = Buffer.from("0000290200000000000000", "hex");
const many = Buffer.concat([question, ...Array.from({ length: 2 }, () => option)]);

describe("a message", () => {
  test.each<[string, Uint8Array, string]>([
    ["shorter than a header", question.subarray(0, 11), "dropped"],
    ["that is an answer itself", changed((bytes) => bytes.writeUInt8(0x80, 2)), "dropped"],
    ["of an operation nobody defined", changed((bytes) => bytes.writeUInt8(0x28, 2)), "NOTIMP UPDATE 0"],
    ["of a notification", changed((bytes) => bytes.writeUInt8(0x20, 2)), "NOTIMP NOTIFY 0"],
    ["without a question", changed((bytes) => bytes.writeUInt16BE(0, 4)), "FORMERR QUERY 0"],
    ["with two", changed((bytes) => bytes.writeUInt16BE(2, 4)), "FORMERR QUERY 0"],
    ["with answers", changed((bytes) => bytes.writeUInt16BE(1, 6)), "FORMERR QUERY 0"],
    ["that counts 65,535 records", changed((bytes) => bytes.writeUInt16BE(65_535, 10)), "FORMERR QUERY 0"],
    ["whose question points to itself", changed((bytes) => bytes.writeUInt16BE(0xc00c, 12)), "FORMERR QUERY 0"],
    ["whose label has no length that exists", changed((bytes) => bytes.writeUInt8(0x40, 12)), "FORMERR QUERY 0"],
    ["that ends within its question", question.subarray(0, -1), "FORMERR QUERY 0"],
    ["with more after its end", Buffer.concat([question, Buffer.of(0)]), "FORMERR QUERY 1"],
    ["that announces an option and has none", changed((bytes) => bytes.writeUInt16BE(1, 10)), "FORMERR QUERY 1"],
    ["with two options of EDNS", many.fill(2, 11, 12), "FORMERR QUERY 1"],
    ["longer than any question", Buffer.concat([question, Buffer.alloc(requestBytesMax)]), "FORMERR QUERY 0"],
    ["as it should be", question, "NOERROR QUERY 1"],
  ])("%s", (_, bytes, outcome) => {
    expect(outcomeOf(bytes)).toBe(outcome);
  });

  test("from a network that is not served is refused", () => {
    const answer = decode(answerTo(question, true, "8.8.8.8")!) as ReturnType<typeof decode> & { rcode: string };
    expect([answer.rcode, answer.answers]).toEqual(["REFUSED", []]);
  });
});

test("questions beyond the rate are told to come by TCP, every other time, and not answered else", () => {
  const limited = new NameServer({
    zone: () => zone,
    clients: networks,
    limiter: new RateLimiter(2, () => 0),
    forwarder: undefined,
    udpBytesMax: 1232,
    random: Math.random,
  });
  const ask = (isUdp: boolean): string => {
    let seen = "nothing";
    const reply = (bytes: Uint8Array | undefined): void => {
      if (bytes === undefined) return;
      const { answers, flag_tc } = decode(Buffer.from(bytes));
      seen = `${answers?.length} ${flag_tc ? "truncated" : "whole"}`;
    };
    limited.receive({ bytes: question, address: "10.0.0.1", isUdp, reply });
    return seen;
  };
  const seen = [true, true, true, true, true, true, false].map(ask);
  expect(seen).toEqual(["1 whole", "1 whole", "nothing", "0 truncated", "nothing", "0 truncated", "1 whole"]);
});

/** Labels of any bytes, whole questions of any type, and options of EDNS; then some bytes changed. */
const anyLabel = fc.oneof(
  fc.constantFrom("serf", "node", "web1", "tag", "role", "_tcp", "_http", "ANY").map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 0, maxLength: 70 }).map((bytes) => Buffer.from(bytes)),
);
const anyQuestion = fc
  .record({
    labels: fc.array(anyLabel, { maxLength: 8 }),
    type: fc.oneof(fc.constantFrom(1, 2, 6, 12, 16, 28, 33, 252, 255), fc.nat(65_535)),
    class: fc.oneof(fc.constant(1), fc.nat(65_535)),
    edns: fc.option(fc.record({ size: fc.nat(65_535), version: fc.nat(255), data: fc.uint8Array({ maxLength: 20 }) })),
    flips: fc.array(fc.record({ at: fc.nat(120), to: fc.nat(255) }), { maxLength: 3 }),
  })
  .map(({ labels, type, class: cls, edns, flips }) => {
    const name = Buffer.concat([...labels.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
    const rest = Buffer.alloc(4);
    rest.writeUInt16BE(type, 0);
    rest.writeUInt16BE(cls, 2);
    const header = Buffer.from("000701000001000000000000", "hex");
    header.writeUInt16BE(edns === null ? 0 : 1, 10);
    const parts = [header, name, rest];
    if (edns !== null) {
      const fixed = Buffer.from("0000290000000000000000", "hex");
      fixed.writeUInt16BE(edns.size, 3);
      fixed.writeUInt8(edns.version, 6);
      fixed.writeUInt16BE(edns.data.length, 9);
      parts.push(fixed, Buffer.from(edns.data));
    }
    const bytes = Buffer.concat(parts);
    for (const { at, to } of flips) if (at < bytes.length) bytes[at] = to;
    return bytes;
  });

describe("all bytes", () => {
  const check = (bytes: Uint8Array, isUdp: boolean): void => {
    const answer = answerTo(bytes, isUdp);
    if (answer === undefined) return;
    const { id, type } = decode(answer);
    expect([id, type, decode.bytes]).toEqual([Buffer.from(bytes).readUInt16BE(0), "response", answer.length]);
    expect(answer.length).toBeLessThanOrEqual(isUdp ? 1232 : 65_535);
    const request = readRequest(bytes);
    if (request?.question === undefined) return;
    const repeated = answer.subarray(headerBytes, headerBytes + request.question.bytes.length);
    expect(repeated.equals(request.question.bytes)).toBe(true);
  };

  test("are answered by a message that can be read, or not at all", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), check), { numRuns: 2000 });
  });

  test("that begin like a question are answered so, too", () => {
    fc.assert(fc.property(anyQuestion, fc.boolean(), check), { numRuns: 4000 });
  });
});
