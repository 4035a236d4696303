/**
 * Mistakes of a caller or an operator. Our own bugs are assertions (`assert`), a peer's bytes are `Rejected`, and RPC errors
 * have exactly Serf's texts because clients match them.
 */

/** Every code with what it means and what to do about it. `docs/ERRORS.md` is held equal to this table by a test. */
export const errorCodes = {
  INVALID_OPTION:
    "An option is unknown, of the wrong type, or outside its range. The message names it and what it accepts.",
  INVALID_CONFIG_FILE:
    "A configuration file cannot be read, is not JSON, or holds an unknown key or a value out of range. The message names the file and the place.",
  INVALID_ADDRESS: "A text is not an address of the form [name/]host[:port].",
  ADDRESS_IN_USE: "Another process listens at the address and port already. Stop it, or bind to another port.",
  ADDRESS_NOT_AVAILABLE: "The address to bind to belongs to no interface of this machine, or its IP version is off.",
  ADDRESS_NOT_PERMITTED: "The system does not let this process bind there. Ports below 1024 usually need privileges.",
  LISTEN_FAILED: "The system refused a socket for another reason. The message has its words.",
  JOIN_FAILED: "None of the given addresses could be joined. The message lists each address with its reason.",
  NOT_RUNNING: "The node has left or was shut down. Create a new one.",
  USER_EVENT_TOO_LARGE:
    "Name and payload of a user event exceed the limit. Send a reference to the data instead, or raise userEventBytesMax (9216 at most).",
  TOO_MANY_LARGE_MESSAGES:
    "Messages too large for a gossip packet go to each member over a stream, and many are still under way. Send fewer or smaller ones, or try again later.",
  TOO_MANY_USER_EVENTS:
    "User events come faster than the cluster can take them, and as many wait as may. Wait until those are accepted, or raise eventsWaitingMax.",
  QUERY_TOO_LARGE: "An encoded query exceeds the limit. Send a reference to the data instead, or raise queryBytesMax.",
  RESPONSE_TOO_LARGE:
    "An encoded answer to a query exceeds the limit. Answer with a reference to the data, or raise queryResponseBytesMax. If the message speaks of a relayed response, the answer itself was sent.",
  QUERY_CLOSED: "A query can no longer be answered: it was answered already, or its time is up.",
  TOO_MANY_QUERIES: "This node has too many queries open at once. Wait for some to end, or give them shorter timeouts.",
  NOT_SUPPORTED: "The protocol version that this node was told to speak does not have the operation.",
  TAGS_TOO_LARGE: "The encoded tags exceed 512 bytes. Use fewer or shorter tags.",
  SEND_FAILED: "A message could not be delivered over a stream. The message says why.",
  UNKNOWN_MEMBER: "No member of that name is known.",
  NOT_ENCRYPTED: "The operation needs encryption, and the node runs without a key.",
  INVALID_KEY: "A key is not 16, 24 or 32 bytes, or not base64.",
  KEYS_FAILED:
    "Not every member did what was asked of its keys. The message counts them; `report` of the error says which, and why.",
  CONNECTION_FAILED:
    "No RPC connection to an agent could be made. The message says where and why; is the agent running?",
  CONNECTION_CLOSED: "The RPC connection ended before an answer came, or was closed by its owner. Connect again.",
  AGENT_ERROR: "The agent could not do what a client asked for. The message is the agent's own, in Serf's words.",
  STATE_FILE_FAILED:
    "The tags file or the keyring file of an agent cannot be read, holds something else, or cannot be written. The message names the file and what is wrong.",
  SYSLOG_FAILED:
    "The system log was asked for and cannot be reached: no daemon listens on this machine, or the program `logger` is missing. The message says which.",
  SNAPSHOT_FAILED:
    "The snapshot file can be neither opened for writing nor created. The message names it; check the path, its owner and the disk.",
  PLUGIN_UNKNOWN:
    "No plugin or instance of a plugin has that name. `serf plugin list` shows the instances, `serf plugin search` the plugins.",
  PLUGIN_INVALID:
    "A module is no plugin, or its declaration or the options given to it are wrong. The message says what, and nothing was changed.",
  PLUGIN_FAILED:
    "A plugin could not be started, or did not do what was asked of it. The message has its words; `serf plugin logs` has more.",
  PLUGIN_IN_USE: "Another plugin builds on this one, or the name of an instance is taken. Change the other one first.",
  PLUGIN_FILE_FAILED: "The file of an instance of a plugin cannot be read or written. The message names it.",
  PLUGIN_BUSY: "A plugin asks more of its agent than is let through at a time. Wait for answers before asking more.",
  PROCESS_NOT_STARTED: "A program could not be started for a plugin. The message names it and why.",
  INVALID_SCENARIO:
    "A scenario for the simulator has an unknown step, a missing field or a value out of range. The message names the place.",
  TIMEOUT: "An operation did not finish in the time it was given. The message says what was still missing.",
} as const satisfies Record<string, string>;

/** One of the keys of `errorCodes`. */
export type ErrorCode = keyof typeof errorCodes;

/** True for one of the codes: for what was written down or sent and is read again. */
export function isErrorCode(text: string | undefined): text is ErrorCode {
  return text !== undefined && Object.hasOwn(errorCodes, text);
}

/** A mistake of a caller or an operator: thrown, rejected with, or handed to a callback. `code` is for programs, `message` for people. */
export class SerfError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "SerfError";
    this.code = code;
  }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** States what must hold in our own code; a violation is our bug and is loud. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`serf-ts bug: ${what}`);
}

/** Closes an exhaustive switch: adding a kind without a case does not compile. */
export function unreachable(value: never): never {
  throw new Error(`serf-ts bug: unexpected ${JSON.stringify(value)}`);
}
