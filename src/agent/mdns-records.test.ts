import { decode, encode, type Packet, type RecordType } from "dns-packet";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexDecode } from "../base/bytes.ts";
import { isRejected } from "../base/rejected.ts";
import {
  decodeMessage,
  encodeQuestion,
  endpointsIn,
  type MdnsMessage,
  ServiceRecords,
  serviceNameOf,
} from "./mdns-records.ts";

const service = "_serf_office._tcp.local";
const endpoint = { address: "10.0.0.5", port: 7946 };
const records = new ServiceRecords({ clusterName: "office", nodeName: "web-1", endpoint });

function query(name: string, type: string, more: Packet = {}): MdnsMessage {
  return read(encode({ type: "query", id: 77, questions: [{ name, type: type as RecordType }], ...more }));
}

function read(bytes: Uint8Array): MdnsMessage {
  const message = decodeMessage(bytes);
  if (isRejected(message)) throw new Error(message.detail);
  return message;
}

function answersTo(name: string, type: string): string[] {
  const bytes = records.answer(query(name, type), false);
  return bytes === undefined ? [] : (read(bytes).answers ?? []).map((answer) => answer.type);
}

describe("the answer of an agent", () => {
  test("to a question for its service has all that a join needs, as the reference's has (detail 28)", () => {
    const answer = read(records.answer(query(service, "PTR"), false)!);
    const [pointer] = answer.answers!;
    const [server, address, text] = answer.additionals!;
    expect(answer).toMatchObject({ type: "response", id: 0, questions: [], flag_aa: true });
    const instance = `web-1.${service}`;
    expect(pointer).toMatchObject({ name: service, type: "PTR", ttl: 120, data: instance });
    expect(server).toMatchObject({
      name: instance,
      type: "SRV",
      ttl: 120,
      data: { priority: 10, weight: 1, port: 7946 },
    });
    const { target } = (server as { data: { target: string } }).data;
    expect(address).toMatchObject({ name: target, type: "A", ttl: 120, data: "10.0.0.5" });
    expect(text).toMatchObject({ name: instance, type: "TXT", ttl: 120, data: [Buffer.from("Serf 'office' cluster")] });
  });

  test("to who asks from a port of its own repeats id and question", () => {
    const answer = read(records.answer(query(service, "PTR"), true)!);
    expect(answer).toMatchObject({ id: 77, questions: [{ name: service, type: "PTR" }] });
  });

  test.each([
    [service, "ANY", ["PTR"]],
    [service, "A", []],
    [`web-1.${service}`, "SRV", ["SRV"]],
    [`web-1.${service}`, "TXT", ["TXT"]],
    [`web-1.${service}`, "ANY", ["SRV", "TXT"]],
    ["_services._dns-sd._udp.local", "PTR", ["PTR"]],
    ["_serf_home._tcp.local", "PTR", []],
    [`web-2.${service}`, "SRV", []],
  ])("to %s %s is %j", (name, type, types) => {
    expect(answersTo(name, type)).toEqual(types);
  });

  test("is left out where the asker knows it already, but for what is half over", () => {
    const known = (ttl: number): Packet => ({
      answers: [{ name: service, type: "PTR", ttl, data: `web-1.${service}` }],
    });
    expect(records.answer(query(service, "PTR", known(60)), false)).toBeUndefined();
    expect(records.answer(query(service, "PTR", known(59)), false)).toBeDefined();
  });

  test("names every agent of a host apart", () => {
    const targets = [7946, 7947].map((port) => {
      const one = new ServiceRecords({
        clusterName: "office",
        nodeName: "web-1",
        endpoint: { address: "10.0.0.5", port },
      });
      const { additionals } = read(one.answer(query(service, "PTR"), false)!);
      return (additionals![0] as { data: { target: string } }).data.target;
    });
    expect(new Set(targets).size).toBe(2);
  });

  test.each(["a..b", "x".repeat(64), `${"x".repeat(60)}.`.repeat(4), "."])(
    "has a name that DNS can hold where the node's is %j",
    (nodeName) => {
      const one = new ServiceRecords({ clusterName: "office", nodeName, endpoint });
      const answer = read(one.answer(query(service, "PTR"), false)!);
      expect(endpointsIn(answer, service, false)).toEqual([endpoint]);
    },
  );
});

describe("endpoints in an answer", () => {
  const answerOf = (address: string, port = 7946) =>
    read(
      new ServiceRecords({ clusterName: "office", nodeName: "a", endpoint: { address, port } }).answer(
        query(service, "PTR"),
        true,
      )!,
    );

  test.each([endpoint, { address: "2001:db8::5", port: 7947 }])("are found: %j", (expected) => {
    expect(endpointsIn(answerOf(expected.address, expected.port), service, false)).toEqual([expected]);
  });

  test("are found where all records are answers, as in the reference's", () => {
    const { answers = [], additionals = [] } = answerOf("10.0.0.5");
    const flat = read(encode({ type: "response", answers: [...answers, ...additionals] }));
    expect(endpointsIn(flat, service, false)).toEqual([endpoint]);
  });

  test.each(["0.0.0.0", "224.0.0.251", "255.255.255.255", "::", "ff02::fb", "fe80::1"])("are not at %s", (address) => {
    expect(endpointsIn(answerOf(address), service, true)).toEqual([]);
  });

  test("are on loopback only if this machine says so", () => {
    for (const address of ["127.0.0.1", "::1"]) {
      expect(endpointsIn(answerOf(address), service, false)).toEqual([]);
      expect(endpointsIn(answerOf(address), service, true)).toEqual([{ address, port: 7946 }]);
    }
  });

  test("have a port, and belong to the service", () => {
    expect(endpointsIn(answerOf("10.0.0.5", 0), service, false)).toEqual([]);
    expect(endpointsIn(answerOf("10.0.0.5"), serviceNameOf("home"), false)).toEqual([]);
  });

  test("are 64 a message at most", () => {
    const many = Array.from({ length: 100 }, (_, n) => n);
    const flood = encode({
      type: "response",
      answers: many.map((n) => ({ name: service, type: "PTR", data: `n${n}.${service}` })),
      additionals: [
        ...many.map((n) => ({
          name: `n${n}.${service}`,
          type: "SRV" as const,
          data: { port: n + 1, target: "a.local" },
        })),
        { name: "a.local", type: "A", data: "10.0.0.9" },
      ],
    });
    const message = { ...decode(flood) };
    expect(endpointsIn(message, service, false)).toHaveLength(64);
  });
});

describe("a message", () => {
  test("that is a question asks for the service alone", () => {
    expect(read(encodeQuestion(service))).toMatchObject({
      type: "query",
      id: 0,
      questions: [{ name: service, type: "PTR" }],
    });
  });

  test("longer than multicast DNS allows is refused", () => {
    expect(decodeMessage(new Uint8Array(9_001))).toMatchObject({ reason: "too-large" });
  });

  test("that announces more records than it has bytes for is refused before they are read", () => {
    // Found by fuzzing: 44 bytes that were read for a tenth of a second.
    const bytes = hexDecode(
      "0000840000000001ff0000c80a5f736572665f626c7565045f746370056c6f63616c00000d000100000078ff",
    )!;
    expect(decodeMessage(bytes)).toMatchObject({ reason: "truncated" });
    const question = encodeQuestion(serviceNameOf("blue"));
    for (const count of [4, 6, 8, 10]) {
      const announcesMore = Uint8Array.from(question);
      announcesMore[count] = 1;
      expect(decodeMessage(announcesMore)).toMatchObject({ reason: "truncated" });
    }
    expect(decodeMessage(question)).toMatchObject({ type: "query" });
  });

  test("with an opcode or a result code is refused", () => {
    for (const [offset, byte] of [
      [2, 0x28],
      [3, 0x03],
    ] as const) {
      const bytes = new Uint8Array(encodeQuestion(service));
      bytes[offset] = byte;
      expect(decodeMessage(bytes)).toMatchObject({ reason: "unknown-kind" });
    }
  });

  test("of any bytes is read or refused, and what is read is answered or not, never an exception", () => {
    const valid = records.answer(query(service, "PTR"), true)!;
    const damaged = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 8 }).map((changes) => {
      const bytes = new Uint8Array(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), damaged), (bytes) => {
        const message = decodeMessage(bytes);
        if (isRejected(message)) return;
        for (const { address, port } of endpointsIn(message, service, false)) {
          expect(address).toMatch(/^[0-9a-f.:]+$/);
          expect(port).toBeGreaterThan(0);
        }
        records.answer(message, true);
      }),
    );
  });
});
