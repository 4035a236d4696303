/** Every decoder that reads what strangers send, and the well-formed inputs it is fuzzed from. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "dns-packet";
import fc from "fast-check";
import { loadConfig } from "../../src/agent/config.ts";
import {
  decodeMessage as decodeMdns,
  encodeQuestion,
  endpointsIn,
  ServiceRecords,
  serviceNameOf,
} from "../../src/agent/mdns-records.ts";
import { hexDecode, utf8Encode } from "../../src/base/bytes.ts";
import { SerfError } from "../../src/base/errors.ts";
import { isRejected } from "../../src/base/rejected.ts";
import { readRequest } from "../../src/plugins/dns/request.ts";
import { decodeFrame, encodeFrame, FrameReader } from "../../src/rpc/framing.ts";
import { decodeSerfMessage } from "../../src/serf/messages.ts";
import { decodePingPayload } from "../../src/serf/ping-payload.ts";
import { decodePushPull } from "../../src/serf/push-pull.ts";
import { encodeFilters, FilterCompiler } from "../../src/serf/query-filter.ts";
import { readSnapshot } from "../../src/serf/snapshot-format.ts";
import { decodeTags, encodeTags } from "../../src/serf/tags.ts";
import { decodeMessage, encodeMessage } from "../../src/wire/codecs.ts";
import { createLabel } from "../../src/wire/label.ts";
import { packetInflatedBytesMax } from "../../src/wire/limits.ts";
import { compressLzw, LzwInflater } from "../../src/wire/lzw.ts";
import { openPacket } from "../../src/wire/packet-envelope.ts";
import { encodeStateExchange } from "../../src/wire/state-exchange.ts";
import { StreamDecoder } from "../../src/wire/stream-decoder.ts";
import { anyExchange, anyMessage } from "../properties/wire-arbitraries.ts";
import type { FuzzTarget } from "./fuzz.ts";
import { asPacket, asStream, nodeTarget } from "./node-targets.ts";

const golden = readGolden();
const plain = { label: createLabel(""), keys: [], verifyIncoming: true };
const datagram = { inputBytesMax: 9_000, isRefusal: isRejected };
const shortText = { inputBytesMax: 4_096 };
const configFolder = mkdtempSync(join(tmpdir(), "serf-ts-fuzz-"));
process.once("exit", () => rmSync(configFolder, { recursive: true, force: true }));
const drawnPerBatch = 16;
const messages = draws(anyMessage.map(encodeMessage));
const exchanges = draws(anyExchange.map(encodeStateExchange));

export const targets: Readonly<Record<string, FuzzTarget>> = {
  message: {
    ...datagram,
    seeds: golden,
    draw: messages,
    decode: decodeMessage,
    resultBytesMax: (bytes) => 1000 + 4 * bytes,
  },
  packet: {
    ...datagram,
    seeds: golden,
    draw: messages,
    decode: (input) => {
      let count = 0;
      const problem = openPacket(input, plain, () => (count += 1));
      return problem ?? { count };
    },
    resultBytesMax: () => 1000,
  },
  lzw: {
    inputBytesMax: 9_000,
    seeds: [...golden, utf8Encode("a".repeat(5000))].map((bytes) => compressLzw(bytes)),
    decode: (input) => {
      const inflater = new LzwInflater(input, packetInflatedBytesMax);
      const problem = inflater.advance(packetInflatedBytesMax + 1);
      return problem ?? inflater.result();
    },
    isRefusal: isRejected,
    resultBytesMax: () => 1000 + packetInflatedBytesMax,
  },
  stream: {
    inputBytesMax: 65_536,
    seeds: golden,
    draw: exchanges,
    decode: decodeStream,
    isRefusal: isRejected,
    resultBytesMax: (bytes) => 1000 + 12 * bytes + 1024 * 1024,
  },
  "serf-message": {
    ...datagram,
    seeds: golden.map((bytes) => (bytes[0] === 8 ? bytes.subarray(1) : bytes)),
    decode: decodeSerfMessage,
    resultBytesMax: (bytes) => 1000 + 40 * bytes,
  },
  "serf-push-pull": {
    ...datagram,
    seeds: golden,
    decode: decodePushPull,
    resultBytesMax: (bytes) => 1000 + 200 * bytes,
  },
  "ping-payload": {
    ...datagram,
    seeds: golden,
    decode: decodePingPayload,
    resultBytesMax: (bytes) => 1000 + 40 * bytes,
  },
  tags: {
    ...datagram,
    seeds: [encodeTags({ role: "web", "": "x" }, 5), encodeTags({ role: "web" }, 2)],
    draw: draws(fc.dictionary(fc.string(), fc.string()).map((tags) => encodeTags(tags, 5))),
    decode: decodeTags,
    resultBytesMax: (bytes) => 1000 + 40 * bytes,
  },
  filter: {
    inputBytesMax: 1_024,
    seeds: encodeFilters({ nodes: ["a", "b"], tags: { role: "^(web|db)[0-9]{1,3}$", dc: "(?i)a.*[[:alpha:]]+" } })!,
    decode: (input) => {
      const test = new FilterCompiler().compile(input);
      return typeof test === "function" ? test({ name: "a", tags: { role: "web1", dc: "a".repeat(200) } }) : test;
    },
    isRefusal: (result) => typeof result === "object",
    resultBytesMax: (bytes) => 1000 + 20 * bytes,
  },
  snapshot: {
    ...shortText,
    seeds: [utf8Encode("alive: a b 10.0.0.1:7946\n# failed: c [fe80::1]:1\nnot-alive: a b\nclock: 7\nleave\nclock: 9")],
    decode: (input) => readSnapshot(input, false),
    isRefusal: (result) => (result as { warnings: readonly string[] }).warnings.length > 0,
    resultBytesMax: (bytes) => 2000 + 300 * bytes,
  },
  "rpc-frame": {
    inputBytesMax: 16_384,
    seeds: [
      encodeFrame({ Command: "handshake", Seq: 1 }),
      encodeFrame({ Command: "event", Seq: 2, Name: "deploy", Payload: utf8Encode("x"), Coalesce: true }),
      encodeFrame({ FilterTags: { role: "web" }, FilterNodes: ["a"], Timeout: 10n ** 18n, Nested: [[[]]] }),
    ],
    draw: draws(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.uint8Array())).map(encodeFrame)),
    decode: decodeFrames,
    isRefusal: isRejected,
    resultBytesMax: (bytes) => 2000 + 100 * bytes,
  },
  config: {
    ...shortText,
    seeds: [
      '{"node_name": "a", "tags": {"role": "web"}, "start_join": ["a"], "protocol": 5, "retry_interval": "30s"}',
      '{"Bind": "0.0.0.0", "event_handlers": ["member-join,user:deploy=sh"], "leave_on_terminate": true, "mdns": {"interface": "x"}}',
    ].map(utf8Encode),
    decode: readConfig,
    isRefusal: (result) => typeof result === "string",
    resultBytesMax: (bytes) => 30_000 + 100 * bytes,
  },
  mdns: {
    ...datagram,
    seeds: mdnsSeeds(),
    decode: (input) => {
      const message = decodeMdns(input);
      return isRejected(message) ? message : endpointsIn(message, serviceNameOf("blue"), true);
    },
    resultBytesMax: () => 64 * 200,
  },
  dns: {
    inputBytesMax: 4_200,
    seeds: [
      encode({ type: "query", id: 7, flags: 256, questions: [{ name: "web.serf", type: "A" }] }),
      encode({
        type: "query",
        questions: [{ name: "a.b.c", type: "SRV" }],
        additionals: [{ type: "OPT", name: ".", udpPayloadSize: 1232, flags: 0, options: [] }] as never,
      }),
    ],
    decode: readRequest,
    isRefusal: (result) => (result as { kind?: string } | undefined)?.kind !== "request",
    resultBytesMax: (bytes) => 2000 + 20 * bytes,
  },
  "node-packet": nodeTarget(golden, messages, asPacket),
  "node-stream": nodeTarget(golden, exchanges, asStream),
};

function draws(arbitrary: fc.Arbitrary<Uint8Array>): (seed: number) => readonly Uint8Array[] {
  return (seed) => fc.sample(arbitrary, { seed, numRuns: drawnPerBatch });
}

/** In pieces whose lengths follow from the bytes; the message and the refusal must be those of the whole. */
function decodeStream(input: Uint8Array): unknown {
  const decoder = new StreamDecoder(plain);
  for (let start = 0; start < input.length; ) {
    const end = start + 1 + input[start]!;
    decoder.push(input.slice(start, end));
    start = end;
    do {
      const message = decoder.next();
      if (message !== undefined) return message;
    } while (decoder.isBusy);
  }
  return decoder.end();
}

function decodeFrames(input: Uint8Array): unknown {
  const reader = new FrameReader(16_384);
  reader.push(input);
  const frames: unknown[] = [];
  for (;;) {
    const frame = reader.next();
    if (frame === undefined) return frames;
    if (isRejected(frame)) return frame;
    frames.push(decodeFrame(frame));
  }
}

/** The documented error is a result; any other is not. */
function readConfig(input: Uint8Array): unknown {
  const path = join(configFolder, "config.json");
  writeFileSync(path, input);
  try {
    return loadConfig({ configPaths: [path] }, "host").config;
  } catch (error) {
    if (error instanceof SerfError) return `${error.code} ${error.message}`;
    throw error;
  }
}

function mdnsSeeds(): Uint8Array[] {
  const endpoint = { address: "10.0.0.1", port: 7946 };
  const question = encodeQuestion(serviceNameOf("blue"));
  const records = new ServiceRecords({ clusterName: "blue", nodeName: "a", endpoint });
  const message = decodeMdns(question);
  const answer = isRejected(message) ? undefined : records.answer(message, false);
  return answer === undefined ? [question] : [question, answer];
}

function readGolden(): Uint8Array[] {
  const read = (file: string): unknown =>
    JSON.parse(readFileSync(new URL(`../fixtures/wire/${file}`, import.meta.url), "utf8"));
  const library = read("library.json") as Readonly<Record<string, readonly { readonly hex: string }[]>>;
  const agent = read("agent.json") as readonly { readonly captures: readonly { readonly hex: string }[] }[];
  const vectors = [...Object.values(library).flat(), ...agent.flatMap(({ captures }) => captures)];
  return vectors.map(({ hex }) => hexDecode(hex)!).filter((bytes) => bytes.length > 0 && bytes.length < 2000);
}
