/** What each RPC command does. The session has checked handshake, authentication and the request's form. */

import { messageOf, SerfError } from "../base/errors.ts";
import type { Logger } from "../base/host.ts";
import type { KeyOperation, KeyReport } from "../base/key-report.ts";
import { parseLogLevel } from "../base/log-level.ts";
import { type Body, type CommandName, type RequestOf, rpcErrors, rpcVersion } from "../rpc/commands.ts";
import { parseEventFilters } from "./event-filter.ts";
import { type AgentFace, joinErrorText, respondTo } from "./face.ts";
import { compileMemberFilter } from "./member-filter.ts";
import type { PendingQueries } from "./pending-queries.ts";
import { createQueryStream } from "./query-stream.ts";
import { coordinateBody, keyReportBody, type MemberListEncoder, membersBody } from "./rpc-records.ts";
import { type ClientStream, type RecordSink, streamEvents, streamLogs } from "./streams.ts";

/** As the client chose it; a bigint only above 2^53. */
export type Sequence = number | bigint;

export interface Answer {
  /** "" for success. */
  readonly error: string;
  /** For the commands that have a response, with an error too. Bytes are a body encoded already. */
  readonly body?: Body | Uint8Array;
  /** Called once the answer is written, so that no record of a stream overtakes it. */
  readonly afterwards?: () => void;
}

/** The client's side of a session, as far as commands change it. */
export interface RpcClient {
  readonly agent: AgentFace;
  readonly logger: Logger;
  /** As log lines name it: "ipc.client: 127.0.0.1:50000". */
  readonly name: string;
  /** 0 before the handshake. */
  version: number;
  authenticated: boolean;
  isAuthKey(key: string): boolean;
  readonly memberList: MemberListEncoder;
  readonly streams: Map<Sequence, ClientStream>;
  /** Those that were streamed to it. */
  readonly queries: PendingQueries;
  monitor: { readonly sequence: Sequence; readonly stream: ClientStream } | undefined;
  sinkFor(sequence: Sequence): RecordSink;
}

export type Handler<R> = (client: RpcClient, request: R, sequence: Sequence) => Answer | Promise<Answer>;

const nanosecondsPerMs = 1_000_000;

const success: Answer = { error: "" };

export const commandHandlers: { readonly [C in CommandName]: Handler<RequestOf<C>> } = {
  handshake(client, { Version }) {
    if (Version !== rpcVersion) return { error: rpcErrors.unsupportedVersion };
    if (client.version !== 0) return { error: rpcErrors.duplicateHandshake };
    client.version = Version;
    return success;
  },

  auth(client, { AuthKey }) {
    if (!client.isAuthKey(AuthKey)) return { error: rpcErrors.invalidAuthToken };
    client.authenticated = true;
    return success;
  },

  event({ agent }, { Name, Payload, Coalesce }) {
    return answer(() => agent.userEvent(Name, Payload, Coalesce));
  },

  "force-leave"({ agent }, { Node, Prune }) {
    return answer(() => agent.forceLeave(Node, Prune));
  },

  "get-coordinate"({ agent }, { Node }) {
    return { error: "", body: coordinateBody(agent.serf.coordinate(Node)) };
  },

  async join({ agent }, { Existing, Replay }) {
    try {
      const outcome = await agent.join(Existing, Replay);
      return { error: joinErrorText(outcome), body: { Num: outcome.joined } };
    } catch (error) {
      return { error: messageOf(error), body: { Num: 0 } };
    }
  },

  "install-key"({ agent }, { Key }) {
    return requestKeys(agent, "install", Key);
  },

  async leave({ agent, logger }) {
    logger.log("INFO", "agent.ipc: Graceful leave triggered");
    const left = await answer(() => agent.leave());
    if (left.error !== "") logger.log("ERR", `agent.ipc: leave failed: ${left.error}`);
    return left;
  },

  "list-keys"({ agent }) {
    return requestKeys(agent, "list", "");
  },

  members({ agent, memberList }) {
    return { error: "", body: memberList.encode(agent.serf.members(), agent.serf.memberlist.suspects()) };
  },

  "members-filtered"({ agent }, { Name, Status, Tags }) {
    const filter = compileMemberFilter({ name: Name, status: Status, tags: Tags });
    if ("problem" in filter) return { error: filter.problem, body: membersBody([]) };
    const members = agent.serf.members().filter((member) => filter.matches(member));
    return { error: "", body: membersBody(members, agent.serf.memberlist.suspects()) };
  },

  monitor(client, { LogLevel }, sequence) {
    const level = parseLogLevel(LogLevel);
    if (level === undefined) return { error: `Unknown log level: ${LogLevel.toUpperCase()}` };
    if (client.monitor !== undefined) return { error: rpcErrors.monitorExists };
    const dropped = () => client.logger.log("WARN", `agent.ipc: Dropping logs to ${client.name}`);
    const start = () => {
      client.monitor = { sequence, stream: streamLogs(client.agent.logs, level, client.sinkFor(sequence), dropped) };
    };
    return { error: "", afterwards: start };
  },

  async plugin({ agent }, { Action, Input }) {
    const none = { Output: "null" };
    if (agent.plugins === undefined) return { error: rpcErrors.noPlugins, body: none };
    try {
      const output = await agent.plugins.perform(Action, parseJson(Input));
      return { error: "", body: { Output: JSON.stringify(output) ?? "null" } };
    } catch (error) {
      return { error: messageOf(error), body: none };
    }
  },

  "plugin-logs"(client, { Instance }, sequence) {
    const { plugins } = client.agent;
    if (plugins === undefined) return { error: rpcErrors.noPlugins };
    if (client.streams.has(sequence)) return { error: rpcErrors.streamExists };
    const dropped = () => client.logger.log("WARN", `agent.ipc: Dropping logs to ${client.name}`);
    return answerThen(
      () => plugins.logs(Instance),
      (logs) => client.streams.set(sequence, streamLogs(logs, "TRACE", client.sinkFor(sequence), dropped)),
    );
  },

  query(client, request, sequence) {
    if (client.streams.has(sequence)) return { error: rpcErrors.streamExists };
    const { FilterNodes, FilterTags, Name, Payload, RelayFactor, RequestAck, Timeout } = request;
    const dropped = () => client.logger.log("WARN", `agent.ipc: Dropping query answer to ${client.name}`);
    const ended = () => client.streams.delete(sequence);
    const stream = createQueryStream(client.sinkFor(sequence), dropped, ended);
    const params = {
      filterNodes: FilterNodes,
      filterTags: FilterTags,
      relayFactor: RelayFactor,
      requestAck: RequestAck,
      timeoutMs: Number(Timeout) / nanosecondsPerMs,
    };
    return answer(() => {
      const sent = client.agent.query(Name, Payload, params, stream.listener);
      const stop = () => {
        stream.stop();
        sent.stop();
      };
      client.streams.set(sequence, { flush: () => stream.flush(), stop });
    });
  },

  respond({ queries }, { ID, Payload }) {
    const query = queries.find(Number(ID));
    if (query === undefined) return { error: rpcErrors.invalidQueryId };
    return answer(() => respondTo(query, Payload));
  },

  "remove-key"({ agent }, { Key }) {
    return requestKeys(agent, "remove", Key);
  },

  stats({ agent }) {
    return { error: "", body: agent.stats() };
  },

  stop(client, { Stop }) {
    if (client.monitor?.sequence === Stop) {
      client.monitor.stream.stop();
      client.monitor = undefined;
    }
    client.streams.get(Stop)?.stop();
    client.streams.delete(Stop);
    return success;
  },

  stream(client, { Missed, Type }, sequence) {
    const filters = parseEventFilters(Type);
    if ("kind" in filters) return { error: rpcErrors.invalidFilter };
    if (client.streams.has(sequence)) return { error: rpcErrors.streamExists };
    const dropped = () => client.logger.log("WARN", `agent.ipc: Dropping event to ${client.name}`);
    const start = () => {
      client.streams.set(
        sequence,
        streamEvents(
          client.agent,
          filters,
          { sink: client.sinkFor(sequence), queries: client.queries, tellMissed: Missed },
          dropped,
        ),
      );
    };
    return { error: "", afterwards: start };
  },

  tags({ agent }, { Tags, DeleteTags }) {
    return answer(() => agent.updateTags(Tags, DeleteTags));
  },

  "use-key"({ agent }, { Key }) {
    return requestKeys(agent, "use", Key);
  },
};

/** Of nodes that were not asked. */
const noKeyReport: KeyReport = {
  nodeCount: 0,
  responseCount: 0,
  errorCount: 0,
  messages: new Map(),
  keys: new Map(),
  primaryKeys: new Map(),
  problem: undefined,
};

/** The body says which nodes failed, and why; so it comes with an error most of all. */
async function requestKeys(agent: AgentFace, operation: KeyOperation, key: string): Promise<Answer> {
  const lists = operation === "list";
  try {
    const report = await agent.requestKeys(operation, key);
    return { error: report.problem ?? "", body: keyReportBody(report, lists) };
  } catch (error) {
    return { error: messageOf(error), body: keyReportBody(noKeyReport, lists) };
  }
}

/** A stream that begins once the answer is on its way, of what `find` finds; what it throws is the answer. */
function answerThen<T>(find: () => T, begin: (found: T) => void): Answer {
  try {
    const found = find();
    return { error: "", afterwards: () => begin(found) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SerfError("INVALID_OPTION", `the input is not JSON: ${messageOf(error)}`);
  }
}

async function answer(work: () => void | Promise<void>): Promise<Answer> {
  try {
    await work();
    return success;
  } catch (error) {
    return { error: messageOf(error) };
  }
}
