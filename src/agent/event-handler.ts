/**
 * What an operator can say of one event handler: `script` or `filters=script` as in the reference, or an object that also sets limits,
 *
 *     {"events": "user:deploy", "script": "./deploy.sh", "timeout": "30s", "concurrency": 2, "tags": {"role": "web"}}
 *
 * in a configuration file as it is, elsewhere as its JSON text. No filter and no sensible shell command begins with `{"`.
 */

import { parseDuration } from "../base/duration.ts";
import { messageOf } from "../base/errors.ts";
import { nearestWord } from "../base/nearest-word.ts";
import { type EventScript, parseEventFilters, parseEventScript, type ScriptLimits } from "./event-filter.ts";
import { compileMemberFilter } from "./member-filter.ts";

interface Problem {
  readonly problem: string;
}

const keys = ["events", "script", "timeout", "concurrency", "tags"] as const;
const concurrencyMax = 64;
/** Node's timers, and with it the limit, go no further. */
const timeoutMsMax = 24 * 3600 * 1000;

/** One entry a filter. The problem is a line for the operator. */
export function parseEventHandler(text: string): readonly EventScript[] | Problem {
  if (!/^\s*\{\s*"/.test(text)) return parseEventScript(text);
  const parsed = parseHandlerObject(text);
  return "problem" in parsed ? { problem: `Invalid event script: ${parsed.problem}` } : parsed;
}

function parseHandlerObject(text: string): readonly EventScript[] | Problem {
  let handler: Readonly<Record<string, unknown>>;
  try {
    handler = JSON.parse(text);
  } catch (error) {
    return { problem: `not JSON: ${messageOf(error)}` };
  }
  const unknown = Object.keys(handler).find((key) => !keys.includes(key as (typeof keys)[number]));
  if (unknown !== undefined) return { problem: describeUnknown(unknown) };
  const { events = "*", script } = handler;
  if (typeof script !== "string" || script === "") return { problem: '"script" must be what the shell is to run' };
  if (typeof events !== "string") return { problem: '"events" must be a text like "member-join,user:deploy"' };
  const filters = parseEventFilters(events);
  if ("kind" in filters) return { problem: `Event '${filters.filter.event}' invoking '${script}'` };
  const limits = readLimits(handler);
  if ("problem" in limits) return limits;
  const about = readTags(handler["tags"]);
  if ("problem" in about) return about;
  return filters.map((filter) => ({ filter, script, limits, ...about }));
}

function describeUnknown(key: string): string {
  const nearest = nearestWord(key, keys);
  return `unknown key ${JSON.stringify(key)}${nearest === undefined ? "" : `, did you mean "${nearest}"?`}`;
}

function readLimits({ timeout, concurrency = 1 }: Readonly<Record<string, unknown>>): ScriptLimits | Problem {
  if (!Number.isInteger(concurrency) || Number(concurrency) < 1 || Number(concurrency) > concurrencyMax)
    return { problem: `"concurrency" must be an integer from 1 to ${concurrencyMax}` };
  const limits = { concurrency: Number(concurrency) };
  if (timeout === undefined) return limits;
  const read = typeof timeout === "string" ? parseDuration(timeout) : undefined;
  if (read === undefined || "problem" in read || read.value <= 0 || read.value > timeoutMsMax)
    return { problem: '"timeout" must be a duration like "30s", of 24h at most' };
  return { ...limits, timeoutMs: read.value };
}

function readTags(tags: unknown): Pick<EventScript, "members"> | Problem {
  if (tags === undefined) return {};
  const isTags = typeof tags === "object" && tags !== null && !Array.isArray(tags);
  if (!isTags || Object.values(tags).some((value) => typeof value !== "string"))
    return { problem: '"tags" must be an object of regular expressions, like {"role": "web|db"}' };
  const filter = compileMemberFilter({ name: "", status: "", tags: tags as Readonly<Record<string, string>> });
  return "problem" in filter ? { problem: `"tags": ${filter.problem}` } : { members: filter };
}
