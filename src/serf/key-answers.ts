import { base64Encode } from "../base/bytes.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import type { Logger } from "../base/host.ts";
import { keyCommands } from "../base/key-report.ts";
import { isRejected } from "../base/rejected.ts";
import type { Keyring } from "../memberlist/keyring.ts";
import type { QueryEvent } from "./events.ts";
import type { InternalQueryHandler } from "./internal-queries.ts";
import { encodeKeyResponse, type KeyResponse, keyRequest } from "./key-messages.ts";

/** A key takes at least so much of an answer, the reference reckons: more keys than fit by this are not even tried. */
const keyBytesMin = 25;

/** The keys of the node that answers. */
export interface KeyHolder {
  readonly responseBytesMax: number;
  /** Undefined: this node does not encrypt. Asked for only once the node runs. */
  keyring(): Keyring | undefined;
  /** Has the keys outlive the process, where that is wanted. Returns what went wrong. */
  keepKeys(keys: readonly Uint8Array[]): string | undefined;
}

interface KeyChange {
  readonly query: string;
  /** What fails, for the log. */
  readonly what: string;
  readonly apply: (keyring: Keyring, key: Uint8Array) => void;
}

const changes: readonly KeyChange[] = [
  { query: keyCommands.install, what: "install key", apply: (keyring, key) => keyring.add(key) },
  { query: keyCommands.use, what: "change primary key", apply: (keyring, key) => keyring.use(key) },
  { query: keyCommands.remove, what: "remove key", apply: (keyring, key) => keyring.remove(key) },
];

const failed = { succeeded: false, message: "", keys: undefined, primaryKey: "" };

/** What this node does when somebody changes the keys of the cluster, or lists them. Texts are the reference's: operators see them. */
export class KeyAnswers {
  private readonly holder: KeyHolder;
  private readonly logger: Logger;

  constructor(holder: KeyHolder, logger: Logger) {
    this.holder = holder;
    this.logger = logger;
  }

  /** By the name of the query, without prefix. */
  handlers(): Readonly<Record<string, InternalQueryHandler>> {
    const changing = changes.map((change): [string, InternalQueryHandler] => [
      change.query,
      (query) => this.respond(query, this.change(change, query.payload)),
    ]);
    return { ...Object.fromEntries(changing), [keyCommands.list]: (query) => this.respondWithKeys(query, this.list()) };
  }

  private change({ query, what, apply }: KeyChange, payload: Uint8Array): KeyResponse {
    const request = keyRequest.decode(payload, 1);
    if (isRejected(request)) return this.fail(`Failed to decode key request: ${request.detail}`);
    const keyring = this.holder.keyring();
    if (keyring === undefined) return this.fail("No keyring to modify (encryption not enabled)");
    this.logger.log("INFO", `serf: Received ${query} query`);
    try {
      apply(keyring, request.key);
    } catch (error) {
      return this.fail(messageOf(error), `Failed to ${what}: `);
    }
    const problem = this.holder.keepKeys(keyring.keys());
    if (problem !== undefined) return this.fail(problem);
    return { ...failed, succeeded: true };
  }

  private list(): KeyResponse {
    const keyring = this.holder.keyring();
    if (keyring === undefined) return this.fail("Keyring is empty (encryption not enabled)");
    this.logger.log("INFO", `serf: Received ${keyCommands.list} query`);
    const keys = keyring.keys().map(base64Encode);
    return { succeeded: true, message: "", keys, primaryKey: keys[0]! };
  }

  private fail(message: string, logged = ""): KeyResponse {
    this.logger.log("ERR", `serf: ${logged}${message}`);
    return { ...failed, message };
  }

  private respond(query: QueryEvent, response: KeyResponse): void {
    query.respond(encodeKeyResponse(response));
  }

  /** Leaves out as many keys, from the end, as the limit on answers demands. */
  private respondWithKeys(query: QueryEvent, response: KeyResponse): void {
    const { keys = [] } = response;
    if (this.fits(query, response)) return;
    const countMax = Math.floor(this.holder.responseBytesMax / keyBytesMin);
    for (let count = Math.min(keys.length, countMax); count > 0; count--) {
      const message = `truncated key list response, showing first ${count} of ${keys.length} keys`;
      if (!this.fits(query, { ...response, message, keys: keys.slice(0, count) })) continue;
      this.logger.log("WARN", `serf: ${message}`);
      return;
    }
    throw new Error("Failed to truncate response so that it fits into message");
  }

  /** Sends the answer, unless it is too large. */
  private fits(query: QueryEvent, response: KeyResponse): boolean {
    try {
      this.respond(query, response);
      return true;
    } catch (error) {
      const isTooLarge = error instanceof SerfError && error.code === "RESPONSE_TOO_LARGE";
      // A relayed response that is too large was sent all the same, by the straight way.
      if (isTooLarge && error.message.startsWith("response")) return false;
      throw error;
    }
  }
}
