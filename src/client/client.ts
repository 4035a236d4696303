/** The RPC client: everything that a running agent can be asked, from TypeScript. */

import { onAbort, untilAborted } from "../async/abort.ts";
import type { MissedEvents, Subscription } from "../async/subscription.ts";
import { emptyBytes, utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { expectKeysDone, type KeyOperation, type KeyReport, keyCommands } from "../base/key-report.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import { rpcAddressDefault } from "../rpc/address.ts";
import { type RecordOf, rpcVersion } from "../rpc/commands.ts";
import { uint64 } from "../rpc/framing.ts";
import type { PluginActionInput, PluginActionName, PluginActionOutput } from "../rpc/plugin-actions.ts";
import { type AgentMember, type AgentStats, decodeCoordinate, decodeKeyReport, decodeMember } from "../rpc/views.ts";
import { type ByteStream, RpcConnection } from "./connection.ts";
import { dial } from "./dial.ts";

/** Which agent, and how to be let in. */
export interface ConnectOptions {
  /** "host:port" of the agent's RPC server, or "unix:///path". Default 127.0.0.1:7373. */
  readonly address?: string;
  /** The key the agent asks for, if it does. */
  readonly authKey?: string;
  /**
   * How long connecting may take, and then how long proving who we are, in milliseconds. Default 10,000. Calls have no limit: a join or a leave takes as long as the agent needs, and a broken connection ends them.
   */
  readonly timeoutMs?: number;
  /** Gives up connecting when it fires; afterwards it means nothing. */
  readonly signal?: AbortSignal;
}

/** How to read a stream of the agent's. */
export interface StreamOptions {
  /** How many records wait for a slow reader, before the oldest are lost: 1,024 by default. */
  readonly waitingMax?: number;
  /** Ends the stream when it fires, as `stop` does. */
  readonly signal?: AbortSignal;
}

/** What an agent tells whoever streams its events. */
export type AgentEvent =
  | {
      readonly kind: "member-join" | "member-leave" | "member-failed" | "member-update" | "member-reap";
      readonly members: readonly AgentMember[];
    }
  | {
      readonly kind: "user";
      readonly lamportTime: number;
      readonly name: string;
      readonly payload: Uint8Array;
      readonly coalesce: boolean;
    }
  | {
      readonly kind: "query";
      readonly id: number;
      readonly lamportTime: number;
      readonly name: string;
      readonly payload: Uint8Array;
    };

/** What a member says to a query: that it has it, or its answer. */
export type QueryAnswer =
  | { readonly kind: "ack"; readonly from: string }
  | { readonly kind: "response"; readonly from: string; readonly payload: Uint8Array };

/** What a query may say besides its name and payload. */
export interface QueryParams {
  /** Only members of these names are to answer. */
  readonly filterNodes?: readonly string[];
  /** Only members whose tags match these regular expressions (RE2, anywhere in the value), by tag. */
  readonly filterTags?: Readonly<Record<string, string>>;
  /** Has every member that the filters let through tell that it has the query. Default false. */
  readonly requestAck?: boolean;
  /** Has each answer sent by so many other members besides, 0 to 255. Default 0. */
  readonly relayFactor?: number;
  /** How long answers are waited for. 0, the default, lets the agent choose. */
  readonly timeoutMs?: number;
  /** Stops the query when it fires. */
  readonly signal?: AbortSignal;
}

/** How many records wait unless said otherwise. */
const waitingMaxDefault = 1_024;
/** Answers come in a burst, before their reader has a turn. */
const queryAnswersMax = 65_536;
const nanosecondsPerMs = 1_000_000;

/** Regular expressions (RE2) that must match the whole value. What is left out matches everything. */
export interface MemberFilter {
  readonly name?: string;
  readonly status?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * Connects to an agent, shakes hands and authenticates. Rejects with CONNECTION_FAILED, TIMEOUT, or AGENT_ERROR
 * ("Invalid authentication token"), or with the reason of the signal.
 */
export function connectSerf(options: ConnectOptions = {}): Promise<SerfClient> {
  return connectBy(dial, options);
}

/** Opens a connection to an address within a time. Rejects with CONNECTION_FAILED. */
export type Dial = (address: string, timeoutMs: number) => Promise<ByteStream>;

/** As `connectSerf`, over a connection of another kind. */
export async function connectBy(dialAgent: Dial, options: ConnectOptions): Promise<SerfClient> {
  const { address = rpcAddressDefault, authKey = "", timeoutMs = 10_000, signal } = options;
  const dialing = (): Promise<ByteStream> => dialAgent(address, timeoutMs);
  const connection = new RpcConnection(await dialUntilAborted(dialing, signal));
  const timer = setTimeout(
    () => connection.fail(new SerfError("TIMEOUT", `${address} accepts connections but does not answer`)),
    timeoutMs,
  );
  const stopListening = onAbort(signal, () => connection.close());
  try {
    await connection.call("handshake", { Version: rpcVersion });
    if (authKey !== "") await connection.call("auth", { AuthKey: authKey });
    return new SerfClient(connection);
  } catch (error) {
    connection.close();
    throw signal?.aborted ? signal.reason : error;
  } finally {
    stopListening();
    clearTimeout(timer);
  }
}

async function dialUntilAborted(dialAgent: () => Promise<ByteStream>, signal?: AbortSignal): Promise<ByteStream> {
  signal?.throwIfAborted();
  const dialing = dialAgent();
  try {
    return await untilAborted(signal, () => dialing);
  } catch (error) {
    dialing.then(
      (socket) => socket.destroy(),
      () => undefined,
    );
    throw error;
  }
}

/**
 * A connection to an agent. Calls may be made at any time and are answered in order. They reject with AGENT_ERROR, whose
 * message is the agent's own, or CONNECTION_CLOSED.
 */
export class SerfClient {
  private readonly connection: RpcConnection;

  constructor(connection: RpcConnection) {
    this.connection = connection;
  }

  /** Every member the agent lists, the failed and left among them, or those that match. Rejects for a wrong expression. */
  async members(filter: MemberFilter = {}): Promise<readonly AgentMember[]> {
    const { name = "", status = "", tags = {} } = filter;
    const request = { Name: name, Status: status, Tags: { ...tags } };
    const { Members } = await this.connection.call("members-filtered", request);
    return Members.map(decodeMember);
  }

  /** Returns how many of the addresses were reached. Rejects if none was. `replay` asks for past user events. */
  async join(addresses: readonly string[], options: { readonly replay?: boolean } = {}): Promise<number> {
    const request = { Existing: [...addresses], Replay: options.replay ?? false };
    return (await this.connection.call("join", request)).Num;
  }

  /** Has the agent leave the cluster and end. Resolves when it has left. */
  async leave(): Promise<void> {
    await this.connection.call("leave", undefined);
  }

  /** Moves a failed member to "left"; `prune` removes it from the list altogether. An unknown name is no error. */
  async forceLeave(name: string, options: { readonly prune?: boolean } = {}): Promise<void> {
    await this.connection.call("force-leave", { Node: name, Prune: options.prune ?? false });
  }

  /**
   * Sends a user event. `coalesce` (default true): of several with this name in a short time only the last need arrive. Resolves when the agent has
   * sent it, which in a burst is when its cluster can take it.
   */
  async userEvent(
    name: string,
    payload: Uint8Array | string = emptyBytes,
    options: { readonly coalesce?: boolean } = {},
  ): Promise<void> {
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    await this.connection.call("event", { Coalesce: options.coalesce ?? true, Name: name, Payload: bytes });
  }

  /** Removes tags of the agent's own node, then sets others. */
  async updateTags(set: Readonly<Record<string, string>>, remove: readonly string[] = []): Promise<void> {
    await this.connection.call("tags", { DeleteTags: [...remove], Tags: { ...set } });
  }

  /**
   * Where a member stands in the network, by name; undefined if the agent does not know. `distanceSeconds` of two of them is the round trip
   * time between their members.
   */
  async coordinate(name: string): Promise<Coordinate | undefined> {
    const { Coord, Ok } = await this.connection.call("get-coordinate", { Node: name });
    return Ok ? decodeCoordinate(Coord) : undefined;
  }

  /**
   * Installs, uses or removes a key on every member, or lists all keys. `key` is in base64; a listing needs none. Rejects with a KeysError
   * if a member failed or did not answer.
   */
  async requestKeys(operation: KeyOperation, key = ""): Promise<KeyReport> {
    const { error, body } =
      operation === "list"
        ? await this.connection.callForReport(keyCommands.list, undefined)
        : await this.connection.callForReport(keyCommands[operation], { Key: key });
    return expectKeysDone(decodeKeyReport(body, error));
  }

  /** The agent's figures, by section. */
  async stats(): Promise<AgentStats> {
    return this.connection.call("stats", undefined);
  }

  /**
   * Events from now on. `filter` is as for event handlers: "member-join,user:deploy"; "*" for all. A reader that was too slow finds a
   * MissedEvents in the place of what it lost, whether the agent (one of ours) or this client had to drop it.
   */
  stream(filter = "*", options: StreamOptions = {}): Promise<Subscription<AgentEvent | MissedEvents>> {
    return this.connection.subscribe<"stream", AgentEvent | MissedEvents>(
      "stream",
      { Missed: true, Type: filter },
      { waitingMax: waitingMaxDefault, ...options, convert: toEvent, missed: (count) => ({ kind: "missed", count }) },
    );
  }

  /**
   * Asks a question of the members. Acks and answers come as they arrive, and the iteration ends with the query; leaving it stops the
   * query.
   */
  query(name: string, payload?: Uint8Array | string, params: QueryParams = {}): Promise<Subscription<QueryAnswer>> {
    const { filterNodes = [], filterTags = {}, requestAck = false, relayFactor = 0, timeoutMs = 0, signal } = params;
    const request = {
      FilterNodes: [...filterNodes],
      FilterTags: { ...filterTags },
      Name: name,
      Payload: typeof payload === "string" ? utf8Encode(payload) : (payload ?? emptyBytes),
      RelayFactor: relayFactor,
      RequestAck: requestAck,
      Timeout: uint64(Math.round(timeoutMs * nanosecondsPerMs)),
    };
    return this.connection.subscribe("query", request, {
      convert: toAnswer,
      isLast: ({ Type }) => Type === "done",
      waitingMax: queryAnswersMax,
      signal,
    });
  }

  /** Answers a query that came as an event of `stream`, by its `id`. Rejects if its time is up, or it was answered already. */
  async respond(id: number, payload: Uint8Array | string): Promise<void> {
    const bytes = typeof payload === "string" ? utf8Encode(payload) : payload;
    await this.connection.call("respond", { ID: id, Payload: bytes });
  }

  /** Log lines: the last 512, then those to come, from `level` upwards. One monitor a connection. */
  monitor(level = "INFO", options: StreamOptions = {}): Promise<Subscription<string>> {
    const reading = { waitingMax: waitingMaxDefault, ...options, convert: ({ Log }: RecordOf<"monitor">) => Log };
    return this.connection.subscribe("monitor", { LogLevel: level }, reading);
  }

  /**
   * Has the agent do something with its plugins; `serf plugin` is made of these. Rejects with AGENT_ERROR, also where the agent has none:
   * HashiCorp's says "Unsupported command" and closes the connection.
   */
  async plugin<A extends PluginActionName>(action: A, input: PluginActionInput<A>): Promise<PluginActionOutput<A>> {
    const { Output } = await this.connection.call("plugin", { Action: action, Input: JSON.stringify(input) });
    return JSON.parse(Output) as PluginActionOutput<A>;
  }

  /** Log lines of one plugin: the last 512, then those to come. */
  pluginLogs(instance: string): Promise<Subscription<string>> {
    const reading = { waitingMax: waitingMaxDefault, convert: ({ Log }: RecordOf<"plugin-logs">) => Log };
    return this.connection.subscribe("plugin-logs", { Instance: instance }, reading);
  }

  /** Ends the connection; subscriptions end, calls under way reject. */
  close(): void {
    this.connection.close();
  }

  /** As `close`, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

function toEvent(record: RecordOf<"stream">): AgentEvent | MissedEvents {
  const { Name: name, Payload: payload } = record;
  const lamportTime = Number(record.LTime);
  switch (record.Event) {
    case "user":
      return { kind: "user", lamportTime, name, payload, coalesce: record.Coalesce };
    case "query":
      return { kind: "query", id: Number(record.ID), lamportTime, name, payload };
    case "missed":
      return { kind: "missed", count: Number(record.Missed) };
    default:
      return { kind: record.Event as "member-join", members: record.Members.map(decodeMember) };
  }
}

/**
 * Undefined for the record that ends the query, and for answers of nobody: when the time is up a Go agent sends those in great
 * numbers, until it notices that it has closed the query.
 */
function toAnswer({ From: from, Payload: payload, Type: type }: RecordOf<"query">): QueryAnswer | undefined {
  if (from === "") return undefined;
  switch (type) {
    case "ack":
      return { kind: "ack", from };
    case "response":
      return { kind: "response", from, payload };
    default:
      return undefined;
  }
}
