/**
 * The snapshot file: lines of text, the last word on a matter counts. The reference's format, both ways; it takes our failed
 * members for comments.
 *
 *     alive: NAME ADDRESS        member, at an address that may be joined
 *     not-alive: NAME
 *     # failed: NAME ADDRESS     not alive, but not known to have left either
 *     clock: 7                   the newest Lamport times seen, of membership, user events and queries
 *     event-clock: 3
 *     query-clock: 1
 *     leave                      this node left on purpose
 */

import { utf8Decode } from "../base/bytes.ts";

/** Where members were last reachable, as "10.0.0.1:7946", by name. */
type Addresses = Map<string, string>;

/** What a node wants to know of its former life. */
export interface SnapshotState {
  readonly alive: Addresses;
  readonly failed: Addresses;
  clock: number;
  eventClock: number;
  queryClock: number;
}

export interface ReadSnapshot {
  readonly state: SnapshotState;
  /** The last line has no end: it was being written when the process or the machine died. It is not counted. */
  readonly isTorn: boolean;
  /** For the log, a line each. */
  readonly warnings: readonly string[];
}

export const snapshotLine = {
  alive: (name: string, address: string) => `alive: ${name} ${address}\n`,
  failed: (name: string, address: string) => `not-alive: ${name}\n# failed: ${name} ${address}\n`,
  gone: (name: string) => `not-alive: ${name}\n`,
  clock: (time: number) => `clock: ${time}\n`,
  eventClock: (time: number) => `event-clock: ${time}\n`,
  queryClock: (time: number) => `query-clock: ${time}\n`,
  leave: "leave\n",
} as const;

export function emptySnapshot(): SnapshotState {
  return { alive: new Map(), failed: new Map(), clock: 0, eventClock: 0, queryClock: 0 };
}

/** Everything in as few lines as possible. */
export function renderSnapshot(state: SnapshotState, hasLeft: boolean): string {
  const lines: string[] = [];
  for (const [name, address] of state.alive) lines.push(snapshotLine.alive(name, address));
  for (const [name, address] of state.failed) lines.push(snapshotLine.failed(name, address));
  lines.push(snapshotLine.clock(state.clock));
  lines.push(snapshotLine.eventClock(state.eventClock));
  lines.push(snapshotLine.queryClock(state.queryClock));
  if (hasLeft) lines.push(snapshotLine.leave);
  return lines.join("");
}

/** Reads whatever there is; a line that makes no sense is warned of. A leave forgets all before it unless `keepsOnLeave`. */
export function readSnapshot(bytes: Uint8Array, keepsOnLeave: boolean): ReadSnapshot {
  const lines = utf8Decode(bytes).split("\n");
  const isTorn = lines.pop() !== "";
  const state = emptySnapshot();
  const warnings: string[] = [];
  for (const line of lines) {
    const warning = line === "leave" ? readLeave(state, keepsOnLeave) : readLine(state, line);
    if (warning !== undefined) warnings.push(warning);
  }
  return { state, isTorn, warnings };
}

function readLeave(state: SnapshotState, keepsOnLeave: boolean): undefined {
  if (keepsOnLeave) return;
  state.alive.clear();
  state.failed.clear();
  state.clock = 0;
  state.eventClock = 0;
  state.queryClock = 0;
}

const linePattern = /^(alive|not-alive|# failed|clock|event-clock|query-clock|coordinate): (.*)$/s;

/** Returns what is wrong with the line. */
function readLine(state: SnapshotState, line: string): string | undefined {
  const [, kind, value = ""] = linePattern.exec(line) ?? [];
  switch (kind) {
    case "alive":
      return readAddress(value, line, (name, address) => {
        state.alive.set(name, address);
        state.failed.delete(name);
      });
    case "# failed":
      // A comment to the reference: whoever wrote one that only looks like ours is not bothered with it.
      readAddress(value, line, (name, address) => {
        state.failed.set(name, address);
        state.alive.delete(name);
      });
      return undefined;
    case "not-alive":
      state.alive.delete(value);
      state.failed.delete(value);
      return undefined;
    case "clock":
      return readTime(value, "clock time", (time) => {
        state.clock = time;
      });
    case "event-clock":
      return readTime(value, "event clock time", (time) => {
        state.eventClock = time;
      });
    case "query-clock":
      return readTime(value, "query clock time", (time) => {
        state.queryClock = time;
      });
    case "coordinate":
      return undefined;
    default:
      return line.startsWith("#") ? undefined : `Unrecognized snapshot line: ${line}`;
  }
}

/** Names may hold spaces, addresses do not. */
function readAddress(value: string, line: string, take: (name: string, address: string) => void): string | undefined {
  const space = value.lastIndexOf(" ");
  if (space === -1) return `Failed to parse address: ${line}`;
  take(value.slice(0, space), value.slice(space + 1));
  return undefined;
}

function readTime(value: string, what: string, take: (time: number) => void): string | undefined {
  const time = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(time)) return `Failed to convert ${what}: ${value}`;
  take(time);
  return undefined;
}
