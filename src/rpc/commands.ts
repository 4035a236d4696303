/**
 * The RPC protocol as one table: every command with its request, its response and the records it streams. Server and
 * client are both written against it. Names are those on the wire; a field that is absent or nil has its zero value, and
 * unknown fields are skipped, as in the reference.
 */

import { Buffer } from "node:buffer";
import * as v from "valibot";
import type { FrameValue } from "./framing.ts";

/** The only version there is. */
export const rpcVersion = 1;

/** What the server answers, word for word the reference's: clients compare them. */
export const rpcErrors = {
  unsupportedCommand: "Unsupported command",
  unsupportedVersion: "Unsupported IPC version",
  duplicateHandshake: "Handshake already performed",
  handshakeRequired: "Handshake required",
  authRequired: "Authentication required",
  invalidAuthToken: "Invalid authentication token",
  monitorExists: "Monitor already exists",
  invalidFilter: "Invalid event filter",
  streamExists: "Stream with given sequence exists",
  invalidQueryId: "No pending queries matching ID",
  /** Ours alone, these two. */
  tooManyClients: "this agent takes no more clients now",
  noPlugins: "this agent runs no plugins",
} as const;

/** Answers that are given before a command is looked at: no body follows them, whatever the command. */
const errorsWithoutBody: ReadonlySet<string> = new Set([
  rpcErrors.unsupportedCommand,
  rpcErrors.handshakeRequired,
  rpcErrors.authRequired,
  rpcErrors.tooManyClients,
]);

const text = v.nullish(
  v.union([
    v.string(),
    v.pipe(
      v.instance(Uint8Array),
      v.transform((bytes) => Buffer.from(bytes).toString()),
    ),
  ]),
  "",
);
const bytes = v.nullish(
  v.union([
    v.instance(Uint8Array),
    v.pipe(
      v.string(),
      v.transform((value): Uint8Array => Buffer.from(value)),
    ),
  ]),
  () => new Uint8Array(0),
);
const flag = v.nullish(v.boolean(), false);
const textList = v.nullish(v.array(text), () => []);
const textMap = v.nullish(v.record(v.string(), text), () => ({}));
/** Up to 64 bits; a bigint only where a number would not be exact. */
const unsigned = v.nullish(
  v.union([v.pipe(v.number(), v.safeInteger(), v.minValue(0)), v.pipe(v.bigint(), v.minValue(0n))]),
  0,
);
const signed = v.nullish(v.union([v.pipe(v.number(), v.safeInteger()), v.bigint()]), 0);
const byte = integer(0, 255);

function integer(min: number, max: number) {
  return v.nullish(v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max)), 0);
}

export const requestHeader = v.object({ Command: text, Seq: unsigned });
export const responseHeader = v.object({ Error: text, Seq: unsigned });

/** Milliseconds since 1970. */
const wallTime = v.nullish(v.number(), 0);
/** Ours alone, and only of members under suspicion: HashiCorp's clients pass over what they do not know. */
const suspicionRecord = v.object({
  Accusers: v.nullish(v.array(v.object({ Name: text, Since: wallTime })), () => []),
  Since: wallTime,
});

export const memberRecord = v.object({
  /** 4 or 16 bytes. */
  Addr: bytes,
  DelegateCur: byte,
  DelegateMax: byte,
  DelegateMin: byte,
  Name: text,
  Port: integer(0, 65_535),
  ProtocolCur: byte,
  ProtocolMax: byte,
  ProtocolMin: byte,
  Status: text,
  Suspicion: v.exactOptional(suspicionRecord),
  Tags: textMap,
});
const number = v.nullish(v.number(), 0);
/** Seconds, but for the error, which is a ratio. */
const coordinateRecord = v.object({
  Adjustment: number,
  Error: number,
  Height: number,
  Vec: v.nullish(v.array(number), () => []),
});

const count = integer(-(2 ** 31), 2 ** 31 - 1);

/** After an error too: then it says which nodes failed, and why. */
const keyReportRecord = v.object({
  /** On how many nodes each key is known; of a listing alone. */
  Keys: v.nullish(v.record(v.string(), count), () => ({})),
  Messages: textMap,
  NumErr: count,
  NumNodes: count,
  NumResp: count,
});
const keyChange = { request: v.object({ Key: text }), response: keyReportRecord };

const memberList = v.object({ Members: v.nullish(v.array(memberRecord), () => []) });

/** What `stream` sends: a member event has Members; a user event and a query have the rest, a query alone its ID. */
const eventRecord = v.object({
  Coalesce: flag,
  Event: text,
  ID: unsigned,
  LTime: unsigned,
  Members: v.nullish(v.array(memberRecord), () => []),
  Name: text,
  Payload: bytes,
  /** Ours alone, with Event "missed": how many records were lost here. Sent only to whoever asked to be told. */
  Missed: unsigned,
});

/** A command without `request` or `response` has no such body; one with `record` streams those, under the request's Seq. */
interface CommandDeclaration {
  readonly request?: v.GenericSchema<unknown, object>;
  readonly response?: v.GenericSchema<unknown, object>;
  readonly record?: v.GenericSchema<unknown, object>;
}

export const commands = {
  handshake: { request: v.object({ Version: integer(-(2 ** 31), 2 ** 31 - 1) }) },
  auth: { request: v.object({ AuthKey: text }) },
  event: { request: v.object({ Coalesce: flag, Name: text, Payload: bytes }) },
  "force-leave": { request: v.object({ Node: text, Prune: flag }) },
  "get-coordinate": {
    request: v.object({ Node: text }),
    response: v.object({
      /** All zero where `Ok` is not set. */
      Coord: v.nullish(coordinateRecord, () => v.parse(coordinateRecord, {})),
      Ok: flag,
    }),
  },
  join: {
    request: v.object({ Existing: textList, Replay: flag }),
    response: v.object({ Num: integer(-(2 ** 31), 2 ** 31 - 1) }),
  },
  "install-key": keyChange,
  leave: {},
  "list-keys": { response: keyReportRecord },
  members: { response: memberList },
  "members-filtered": { request: v.object({ Name: text, Status: text, Tags: textMap }), response: memberList },
  monitor: { request: v.object({ LogLevel: text }), record: v.object({ Log: text }) },
  /** Ours alone. Input and output are JSON: what a plugin answers has no schema. rpc/plugin-actions has the actions. */
  plugin: { request: v.object({ Action: text, Input: text }), response: v.object({ Output: text }) },
  /** Ours alone. The lines that are kept, then those to come. */
  "plugin-logs": { request: v.object({ Instance: text }), record: v.object({ Log: text }) },
  query: {
    request: v.object({
      FilterNodes: textList,
      FilterTags: textMap,
      Name: text,
      Payload: bytes,
      RelayFactor: byte,
      RequestAck: flag,
      /** Nanoseconds; 0 lets the agent choose. */
      Timeout: signed,
    }),
    /** Type is "ack", "response", or "done" for the end. */
    record: v.object({ From: text, Payload: bytes, Type: text }),
  },
  respond: { request: v.object({ ID: unsigned, Payload: bytes }) },
  "remove-key": keyChange,
  stats: { response: v.record(v.string(), textMap) },
  stop: { request: v.object({ Stop: unsigned }) },
  /** Missed is ours alone: the client wants to be told how many records it lost. */
  stream: { request: v.object({ Missed: flag, Type: text }), record: eventRecord },
  tags: { request: v.object({ DeleteTags: textList, Tags: textMap }) },
  "use-key": keyChange,
} as const satisfies Record<string, CommandDeclaration>;

export type CommandName = keyof typeof commands;

type BodyOf<C extends CommandName, K extends keyof CommandDeclaration> =
  (typeof commands)[C] extends Record<K, infer S>
    ? S extends v.GenericSchema<unknown, infer T>
      ? T
      : never
    : undefined;
export type RequestOf<C extends CommandName> = BodyOf<C, "request">;
export type ResponseOf<C extends CommandName> = BodyOf<C, "response">;
export type RecordOf<C extends CommandName> = BodyOf<C, "record">;
export type CoordinateRecord = v.InferOutput<typeof coordinateRecord>;
export type KeyReportRecord = v.InferOutput<typeof keyReportRecord>;
export type MemberRecord = v.InferOutput<typeof memberRecord>;

export function isCommandName(name: string): name is CommandName {
  return Object.hasOwn(commands, name);
}

export function commandDeclaration(name: CommandName): CommandDeclaration {
  return commands[name];
}

/** True where the header of a response is followed by a body: after an error too, if the command was looked at. */
export function responseHasBody(command: CommandName, error: string): boolean {
  return commandDeclaration(command).response !== undefined && !errorsWithoutBody.has(error);
}

/** Checks a decoded frame against its schema. Returns what is wrong as a text. */
export function readBody<T>(schema: v.GenericSchema<unknown, T>, frame: unknown): { value: T } | { problem: string } {
  const result = v.safeParse(schema, frame, { abortEarly: true });
  if (result.success) return { value: result.output };
  const [issue] = result.issues;
  return { problem: `${v.getDotPath(issue) ?? "body"}: ${issue.message}` };
}

export type Body = { readonly [key: string]: FrameValue };
