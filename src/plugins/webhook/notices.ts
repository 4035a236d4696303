/** What is posted: one event, as JSON or as a line for a chat. */

import { isUtf8 } from "node:buffer";
import type { PluginMember, PluginMemberEvent, PluginQueryResult, PluginUserEvent } from "../plugin.ts";

/** Something that happened. */
export type Notice =
  | { readonly kind: PluginMemberEvent; readonly members: readonly PluginMember[] }
  | { readonly kind: "user"; readonly name: string; readonly event: PluginUserEvent }
  | { readonly kind: "query"; readonly name: string; readonly payload: Uint8Array; readonly result: PluginQueryResult };

/** Where and when it was seen. */
export interface Sighting {
  /** Of the post: the same for every attempt, so that a receiver can tell one that comes twice. */
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  /** The name of this node. */
  readonly node: string;
}

/** Payloads are bytes: `payload` where they are UTF-8, `payload_base64` otherwise. */
export function payloadFields(payload: Uint8Array): Readonly<Record<string, string>> {
  const bytes = Buffer.from(payload);
  return isUtf8(bytes) ? { payload: bytes.toString("utf8") } : { payload_base64: bytes.toString("base64") };
}

/** A query's result, for URLs and for whoever asked by HTTP. */
export function queryJson(name: string, { acks, responses }: PluginQueryResult) {
  return {
    name,
    acks,
    responses: responses.map(({ from, payload }) => ({ from, ...payloadFields(payload) })),
  };
}

export function renderJson(notice: Notice, sighting: Sighting): string {
  return JSON.stringify({ ...sighting, kind: notice.kind, ...contentOf(notice) });
}

function contentOf(notice: Notice): object {
  switch (notice.kind) {
    case "user": {
      const { name, payload, lamportTime } = notice.event;
      return { event: { name, ...payloadFields(payload), lamport_time: lamportTime } };
    }
    case "query":
      return { query: { ...queryJson(notice.name, notice.result), ...payloadFields(notice.payload) } };
    default:
      return { members: notice.members };
  }
}

const verbs: Readonly<Record<PluginMemberEvent, string>> = {
  "member-join": "joined",
  "member-leave": "left",
  "member-failed": "failed",
  "member-update": "changed its tags",
  "member-reap": "was forgotten",
};
/** Chats cut longer ones, or refuse them. */
const chatLengthMax = 2000;

export function renderChat(notice: Notice): string {
  const text = sentenceOf(notice);
  return JSON.stringify({ text: text.length > chatLengthMax ? `${text.slice(0, chatLengthMax - 1)}…` : text });
}

function sentenceOf(notice: Notice): string {
  switch (notice.kind) {
    case "user": {
      const { payload, payload_base64 } = payloadFields(notice.event.payload);
      return `event ${notice.name}: ${payload ?? payload_base64}`;
    }
    case "query":
      return [
        `query ${notice.name}: ${notice.result.responses.length} answers`,
        ...queryJson(notice.name, notice.result).responses.map(
          (answer) => `${answer.from}: ${"payload" in answer ? answer.payload : "(bytes)"}`,
        ),
      ].join("\n");
    default:
      return notice.members.map(({ name, address }) => `${name} (${address}) ${verbs[notice.kind]}`).join("\n");
  }
}
