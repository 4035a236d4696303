import { base64Encode } from "../base/bytes.ts";
import { messageOf } from "../base/errors.ts";
import { goBase64Decode } from "../base/go-base64.ts";
import type { Logger } from "../base/host.ts";
import { type KeyOperation, type KeyReport, keyCommands } from "../base/key-report.ts";
import { isRejected } from "../base/rejected.ts";
import { keyIsUnknown } from "../memberlist/keyring.ts";
import { keyMessageTypes, keyRequest, keyResponse } from "./key-messages.ts";
import type { SerfMember } from "./member.ts";
import type { SentQuery } from "./open-queries.ts";
import type { QueryListener } from "./open-query.ts";
import { internalQueryPrefix } from "./queries.ts";

/** The report while answers come. */
interface Tally {
  nodeCount: number;
  responseCount: number;
  errorCount: number;
  readonly messages: Map<string, string>;
  readonly keys: Map<string, number>;
  readonly primaryKeys: Map<string, number>;
  /** Of a listing: who surely does not know the key that is asked about. */
  readonly lacking: string[];
}

interface PendingOperation {
  readonly operation: KeyOperation;
  readonly key: string;
  readonly done: (report: KeyReport) => void;
}

export interface KeyAsker {
  aliveCount(): number;
  members(): readonly SerfMember[];
  ask(name: string, payload: Uint8Array, listener: QueryListener): SentQuery;
}

/** Changes the keys of all members, one change after another: what is used must have been installed before. */
export class KeyManager {
  private readonly node: KeyAsker;
  private readonly logger: Logger;
  private readonly waiting: PendingOperation[] = [];
  private isBusy = false;
  private isStopped = false;

  constructor(node: KeyAsker, logger: Logger) {
    this.node = node;
    this.logger = logger;
  }

  /** `key` is in base64; empty for a listing. `done` is called once, perhaps synchronously. */
  request(operation: KeyOperation, key: string, done: (report: KeyReport) => void): void {
    this.waiting.push({ operation, key, done });
    if (!this.isBusy) this.startNext();
  }

  /** What waits is not begun any more. */
  stop(): void {
    this.isStopped = true;
  }

  private startNext(): void {
    const next = this.waiting.shift();
    this.isBusy = next !== undefined;
    if (next === undefined) return;
    this.run(next, (report) => {
      try {
        next.done(report);
      } finally {
        this.startNext();
      }
    });
  }

  private run({ operation, key }: PendingOperation, done: (report: KeyReport) => void): void {
    const decoded = goBase64Decode(key);
    if ("problem" in decoded) done(conclude(emptyTally(), decoded.problem));
    else if (this.isStopped) done(conclude(emptyTally(), "the node is shut down"));
    else if (operation === "use") this.useIfKnown(decoded.bytes, done);
    else this.perform(operation, decoded.bytes, done);
  }

  /**
   * Has a key used only if every member knows it. The first to use one that others lack is not understood by them any more, nor
   * does the question itself reach them.
   */
  private useIfKnown(key: Uint8Array, done: (report: KeyReport) => void): void {
    const tally = emptyTally();
    const ended = (): void => {
      for (const name of tally.lacking) tally.messages.set(name, keyIsUnknown);
      tally.errorCount = tally.lacking.length;
      const report = conclude(tally);
      if (report.problem === undefined && !this.isStopped) this.perform("use", key, done);
      else done({ ...report, keys: new Map(), primaryKeys: new Map() });
    };
    const problem = this.ask("list", key, tally, ended);
    if (problem !== undefined) done(conclude(tally, problem));
  }

  private perform(operation: KeyOperation, key: Uint8Array, done: (report: KeyReport) => void): void {
    const tally = emptyTally();
    const problem = this.ask(operation, key, tally, () => done(conclude(tally)));
    if (problem !== undefined) done(conclude(tally, problem));
  }

  /** Returns why it could not be asked; `ended` is not called then. */
  private ask(operation: KeyOperation, key: Uint8Array, tally: Tally, ended: () => void): string | undefined {
    const asked = base64Encode(key);
    const payload = keyRequest.encode({ key }, keyMessageTypes.request);
    const silent = new Set(this.membersOf("alive"));
    try {
      const sent = this.node.ask(`${internalQueryPrefix}${keyCommands[operation]}`, payload, {
        responded: (from, answer) => {
          silent.delete(from);
          this.count(from, answer, asked, tally);
          if (tally.responseCount === tally.nodeCount) sent.stop();
        },
        ended: () => {
          if (tally.responseCount < tally.nodeCount) for (const name of silent) tally.messages.set(name, "no response");
          ended();
        },
      });
    } catch (error) {
      return messageOf(error);
    }
    tally.nodeCount = this.node.aliveCount();
    if (operation !== "list") this.warnOfAbsent(operation);
    return undefined;
  }

  private count(from: string, answer: Uint8Array, asked: string, tally: Tally): void {
    tally.responseCount += 1;
    const response = readResponse(answer);
    if (typeof response === "string") {
      tally.errorCount += 1;
      tally.messages.set(from, response);
      return;
    }
    const { succeeded, message, keys = [], primaryKey } = response;
    if (!succeeded) tally.errorCount += 1;
    if (!succeeded || message !== "") tally.messages.set(from, message);
    if (succeeded && message !== "") this.logger.log("WARN", `serf: ${message}`);
    // A list with a message is cut short, and says nothing of what it lacks.
    if (succeeded && message === "" && !keys.includes(asked)) tally.lacking.push(from);
    for (const key of keys) increment(tally.keys, key);
    if (primaryKey !== "") increment(tally.primaryKeys, primaryKey);
  }

  /** Who is down is not expected to answer, but will come back with the keys of before. */
  private warnOfAbsent(operation: KeyOperation): void {
    const absent = this.membersOf("failed");
    if (absent.length === 0) return;
    const names = absent.join(", ");
    this.logger.log("WARN", `serf: ${keyCommands[operation]} does not reach members that are down: ${names}`);
  }

  private membersOf(status: SerfMember["status"]): readonly string[] {
    return this.node
      .members()
      .filter((member) => member.status === status)
      .map(({ name }) => name);
  }
}

/** Returns what is wrong with it as a text, in the reference's words. */
function readResponse(answer: Uint8Array) {
  const shown = `[${answer.join(" ")}]`;
  if (answer[0] !== keyMessageTypes.response) return `Invalid key query response type: ${shown}`;
  const response = keyResponse.decode(answer, 1);
  return isRejected(response) ? `Failed to decode key query response: ${shown}` : response;
}

function emptyTally(): Tally {
  const maps = { messages: new Map(), keys: new Map(), primaryKeys: new Map(), lacking: [] };
  return { nodeCount: 0, responseCount: 0, errorCount: 0, ...maps };
}

function conclude({ lacking: _, ...tally }: Tally, given?: string): KeyReport {
  const { nodeCount, responseCount, errorCount } = tally;
  let problem = given;
  if (problem !== undefined) return { ...tally, problem };
  if (errorCount > 0) problem = `${errorCount}/${nodeCount} nodes reported failure`;
  else if (responseCount !== nodeCount) problem = `${responseCount}/${nodeCount} nodes reported success`;
  return { ...tally, problem };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
