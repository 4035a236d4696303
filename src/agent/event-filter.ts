/**
 * The language in which an operator says which events a script or a stream wants:
 *
 *     script.sh                          every event
 *     member-join,member-leave=script    these kinds
 *     user=script, user:deploy=script    every user event, or those of one name
 *     query=script, query:load=script    the same for queries
 *
 * Spaces count: "user, query" names a kind " query", which does not exist.
 */

import { memberEventKinds } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";

const filterKinds: readonly string[] = ["*", ...memberEventKinds, "user", "query"];

/** Which events are meant. */
export interface EventFilter {
  /** "*", or the kind of event: "member-join", "user", "query" … */
  readonly event: string;
  /** Only user events or queries of this name; empty for all. */
  readonly name: string;
}

/** What to run, and on which events. */
export interface EventScript {
  readonly filter: EventFilter;
  /** What the shell is to run. */
  readonly script: string;
  /** Without them a script may run as long as it likes, once at a time. */
  readonly limits?: ScriptLimits;
  /** Which members an event has to be about: those of a member event, or this node itself for user events and queries. */
  readonly members?: {
    /** Whether it is one of them. */
    matches(member: SerfMember): boolean;
  };
}

/** What a handler may take. */
export interface ScriptLimits {
  /** How many runs there may be at a time; they begin in the order of the events. */
  readonly concurrency: number;
  /** After so many milliseconds a run is ended. */
  readonly timeoutMs?: number;
}

/** An unknown kind in a filter. */
export interface InvalidFilter {
  readonly kind: "invalid-filter";
  readonly filter: EventFilter;
}

/** What a filter looks at. Every `SerfEvent` is one. */
export interface FilterableEvent {
  readonly kind: string;
  readonly name?: string;
}

/** Reads a list of filters separated by commas; an empty text means every event. */
export function parseEventFilters(text: string): readonly EventFilter[] | InvalidFilter {
  const filters = readFilters(text);
  const invalid = filters.find((filter) => !filterKinds.includes(filter.event));
  return invalid === undefined ? filters : { kind: "invalid-filter", filter: invalid };
}

/**
 * Reads one `-event-handler` value, "filters=script" or just "script", into one entry a filter. As in the reference the
 * first "=" divides, so a script that sets a variable needs its filter spelled out: `*=NAME=x script.sh`.
 */
export function parseEventScript(text: string): readonly EventScript[] | { readonly problem: string } {
  const equals = text.indexOf("=");
  const script = text.slice(equals + 1);
  const filters = readFilters(equals < 0 ? "" : text.slice(0, equals));
  const invalid = filters.find((filter) => !filterKinds.includes(filter.event));
  if (invalid !== undefined) return { problem: `Invalid event script: ${describeEventScript(invalid, script)}` };
  return filters.map((filter) => ({ filter, script }));
}

export function matchesEvent(filter: EventFilter, event: FilterableEvent): boolean {
  if (filter.event === "*") return true;
  if (filter.event !== event.kind) return false;
  const named = event.kind === "user" || event.kind === "query";
  return !named || filter.name === "" || filter.name === event.name;
}

function readFilters(text: string): EventFilter[] {
  const list = text === "" ? "*" : text;
  return list.split(",").map((part) => {
    for (const event of ["user", "query"]) {
      if (part.startsWith(`${event}:`)) return { event, name: part.slice(event.length + 1) };
    }
    return { event: part, name: "" };
  });
}

function describeEventScript(filter: EventFilter, script: string): string {
  const event = filter.name === "" ? filter.event : `${filter.event}:${filter.name}`;
  return `Event '${event}' invoking '${script}'`;
}
