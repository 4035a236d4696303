import { Buffer } from "node:buffer";
import type { AgentFace } from "../../src/agent/face.ts";
import { LogBuffer } from "../../src/agent/log-buffer.ts";
import type { KeyOperation, KeyReport } from "../../src/base/key-report.ts";
import type { Coordinate } from "../../src/coordinate/coordinate.ts";
import type { JoinResult } from "../../src/memberlist/joiner.ts";
import type { SuspectedMember } from "../../src/memberlist/suspicions.ts";
import type { SerfEvent } from "../../src/serf/events.ts";
import type { SerfMember } from "../../src/serf/member.ts";
import type { QueryParams, SentQuery } from "../../src/serf/open-queries.ts";
import type { QueryListener } from "../../src/serf/open-query.ts";
import { serfMember } from "./members.ts";

/** Stands in for the agent: remembers what it was asked, and lets a test raise events. */
export class AgentStandIn implements AgentFace {
  readonly calls: unknown[] = [];
  /** Of the last query. */
  asked: QueryListener = {};
  readonly logs = new LogBuffer();
  readonly listeners = new Set<(event: SerfEvent) => void>();
  membersNow: readonly SerfMember[] = [member("one", "alive", { role: "web" }), member("two", "failed", {})];
  suspectsNow: readonly SuspectedMember[] = [];
  joinOutcome: JoinResult = { joined: 1, failures: [] };
  readonly coordinates = new Map<string, Coordinate>();
  keyReport: KeyReport = {
    nodeCount: 2,
    responseCount: 2,
    errorCount: 0,
    messages: new Map(),
    keys: new Map([["AAAA", 2]]),
    primaryKeys: new Map(),
    problem: undefined,
  };
  /** How often the members were asked for. */
  membersAsked = 0;
  readonly serf = {
    members: () => {
      this.membersAsked += 1;
      return this.membersNow;
    },
    coordinate: (name: string) => this.coordinates.get(name),
    memberlist: { suspects: () => this.suspectsNow },
  };

  async join(addresses: readonly string[], replay: boolean): Promise<JoinResult> {
    this.calls.push(["join", addresses, replay]);
    return this.joinOutcome;
  }

  async leave(): Promise<void> {
    this.calls.push(["leave"]);
  }

  async forceLeave(name: string, prune: boolean): Promise<void> {
    this.calls.push(["forceLeave", name, prune]);
  }

  async userEvent(name: string, payload: Uint8Array, coalesce: boolean): Promise<void> {
    if (name === "too-large") throw new Error("user event exceeds configured limit of 512 bytes before encoding");
    this.calls.push(["userEvent", name, [...payload], coalesce]);
  }

  query(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery {
    if (name === "too-large") throw new Error("query exceeds limit of 1024 bytes");
    this.calls.push(["query", name, [...payload], params]);
    this.asked = listener;
    const stop = (): void => {
      this.calls.push(["stop", name]);
      listener.ended?.("stopped");
    };
    return { timeoutMs: 1000, stop };
  }

  async requestKeys(operation: KeyOperation, key: string): Promise<KeyReport> {
    this.calls.push(["requestKeys", operation, key]);
    return this.keyReport;
  }

  async updateTags(set: Readonly<Record<string, string>>, remove: readonly string[]): Promise<void> {
    this.calls.push(["updateTags", set, remove]);
  }

  onEvent(listener: (event: SerfEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  stats() {
    return { agent: { name: "one" }, event_handlers: {} };
  }

  raise(event: SerfEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

export function member(name: string, status: SerfMember["status"], tags: Record<string, string>): SerfMember {
  return serfMember(name, { address: "127.0.0.1", tags, status });
}

export function userEvent(name: string, payload = ""): SerfEvent {
  return { kind: "user", lamportTime: 9, name, payload: Buffer.from(payload), coalesce: false };
}
