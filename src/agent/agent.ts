/** A Serf that runs: sockets, event handlers and the RPC server around one node. */

import type { Endpoint } from "../base/address.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import type { Logger, LogLevel } from "../base/host.ts";
import type { KeyOperation, KeyReport } from "../base/key-report.ts";
import { logLater } from "../base/log-later.ts";
import { escapeUnprintable } from "../base/unprintable.ts";
import { completed } from "../host/completed.ts";
import type { NodeHost } from "../host/node-host.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { AgentStats } from "../rpc/views.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { Tags } from "../serf/member.ts";
import type { QueryParams, SentQuery } from "../serf/open-queries.ts";
import type { QueryListener } from "../serf/open-query.ts";
import { internalQueryPrefix, isInternalQuery, pingQueryName } from "../serf/queries.ts";
import { Serf } from "../serf/serf.ts";
import { encodedTagsBytesMax, encodeTags } from "../serf/tags.ts";
import type { AgentCompany } from "./company.ts";
import type { AgentConfig } from "./config.ts";
import { orExplain } from "./explain.ts";
import { type AgentFace, type AgentPlugins, joinErrorText } from "./face.ts";
import { goQuote } from "./go-quote.ts";
import type { LogBuffer } from "./log-buffer.ts";
import type { Discovery } from "./mdns.ts";
import { shareOpenFiles } from "./open-files.ts";
import { processReadings, type Resource, ResourceWatch } from "./resource-watch.ts";
import { createRpcServer, type RpcServer } from "./rpc-server.ts";
import { ScriptHandler } from "./script-handler.ts";
import { createSerfOptions } from "./serf-options.ts";
import { checkTagsSource, type RestoredState, writeKeyringFile, writeTagsFile } from "./state-files.ts";
import { collectAgentStats } from "./stats.ts";
import type { Telemetry } from "./telemetry.ts";

/** Where an agent writes its log, and the last lines of it for those who monitor. */
export interface AgentLogs extends Logger {
  readonly buffer: LogBuffer;
}

/** What an agent stands on. */
export interface AgentSurroundings {
  readonly host: NodeHost;
  readonly logs: AgentLogs;
  readonly telemetry: Telemetry;
  readonly company: AgentCompany | undefined;
}

/** What the log says when keys are changed or listed. */
const keyInitiations: Readonly<Record<KeyOperation, string>> = {
  install: "key installation",
  use: "primary key change",
  remove: "key removal",
  list: "key listing",
};

/** One running agent. The RPC server sees it as an `AgentFace`. */
export class Agent implements AgentFace {
  readonly serf: Serf;
  readonly logs: LogBuffer;
  /** What the other members are told. */
  readonly advertised: Endpoint;
  /** Resolves when the agent has shut down, for whatever reason. */
  readonly ended: Promise<void>;
  /** Set by whoever runs plugins beside the agent. */
  plugins: AgentPlugins | undefined;

  private config: AgentConfig;
  private tags: Tags;
  private readonly host: NodeHost;
  private readonly telemetry: Telemetry;
  private readonly company: AgentCompany | undefined;
  private readonly logger: Logger;
  private readonly scripts: ScriptHandler;
  private readonly watch: ResourceWatch;
  private readonly listeners = new Set<(event: SerfEvent) => void>();
  private rpc: RpcServer | undefined;
  private discovery: Discovery | undefined;
  private shutdownUnderWay: Promise<void> | undefined;
  private isClosing = false;
  private tellEnded: () => void = () => undefined;

  /** Use `startAgent`. Throws what `Serf` throws. */
  constructor(config: AgentConfig, restored: RestoredState, advertised: Endpoint, around: AgentSurroundings) {
    const { host, logs, telemetry, company } = around;
    this.config = config;
    this.advertised = advertised;
    this.tags = restored.tags;
    this.host = host;
    this.telemetry = telemetry;
    this.company = company;
    this.logger = logs;
    this.logs = logs.buffer;
    const options = createSerfOptions(config, restored, advertised);
    this.serf = new Serf(options, host, (event) => this.receiveEvent(event), company?.directory);
    const { keyringFile } = config;
    if (keyringFile !== "") this.serf.onKeysChanged((keys) => writeKeyringFile(keyringFile, keys));
    this.serf.onShutdown(() => this.receiveShutdown());
    this.scripts = new ScriptHandler({
      scripts: config.eventScripts,
      self: () => this.serf.localMember,
      logger: logs,
      metrics: host.metrics,
    });
    this.watch = new ResourceWatch({
      logger: logs,
      readings: processReadings(),
      shed: (short) => this.shedLoad(short),
    });
    this.ended = new Promise((resolve) => {
      this.tellEnded = resolve;
    });
  }

  /**
   * The RPC server listens, and discovery has its sockets, before the node begins to take part: a taken port leaves no trace in the
   * cluster. Rejects as `createRpcServer` and `createDiscovery` do, and then nothing of this listens.
   */
  async start(): Promise<void> {
    this.rpc = await orExplain("Error starting RPC listener", () => this.openRpc());
    try {
      this.discovery = await orExplain("Error starting mDNS listener", () => this.openDiscovery());
    } catch (error) {
      await this.rpc?.close();
      throw error;
    }
    this.serf.start();
    this.discovery?.start();
    // Of many in a process each would see the others' share as its own.
    if (this.company === undefined) this.watch.start();
  }

  /** Where it listens for other members, with the port that is actually bound. */
  get bound(): Endpoint {
    return this.host.transport.bound;
  }

  /** Where the RPC server listens, "host:port", with the port that is actually bound. */
  get rpcAddress(): string {
    return this.rpc?.address ?? "";
  }

  /** Joins the cluster of any of the addresses, `[name/]host[:port]`; with `replay`, user events of before are told too. */
  async join(addresses: readonly string[], replay: boolean): Promise<JoinResult> {
    this.log("INFO", `joining: [${addresses.join(" ")}] replay: ${replay}`);
    const outcome = await new Promise<JoinResult>((resolve) => this.serf.join(addresses, replay, resolve));
    if (outcome.joined > 0) this.log("INFO", `joined: ${outcome.joined} nodes`);
    const problem = joinErrorText(outcome);
    if (problem !== "") this.logger.log("WARN", `agent: error joining: ${problem}`);
    return outcome;
  }

  /** Leaves gracefully and then shuts down, also if the leave failed: an agent that wants to go must not stay. */
  async leave(): Promise<void> {
    try {
      await this.leaveCluster();
    } finally {
      // Later, so that whoever asked by RPC is answered before the server closes.
      setImmediate(() => void this.shutdown());
    }
  }

  /** Declares a failed member to have left; with `prune` it is also forgotten. Rejects with TIMEOUT or NOT_RUNNING. */
  async forceLeave(name: string, prune: boolean): Promise<void> {
    const how = prune ? " (prune)" : "";
    this.log("INFO", `Force leaving node${how}: ${name}`);
    try {
      await completed((done) => this.serf.forceLeave(name, prune, done));
    } catch (error) {
      this.log("WARN", `failed to remove node${how}: ${messageOf(error)}`);
      throw error;
    }
  }

  /**
   * Sends a user event to every member, this one included. Resolves when it is on its way: in a burst, once the cluster can take it. Rejects
   * with USER_EVENT_TOO_LARGE, TOO_MANY_LARGE_MESSAGES, TOO_MANY_USER_EVENTS or NOT_RUNNING.
   */
  async userEvent(name: string, payload: Uint8Array, coalesce: boolean): Promise<void> {
    const request = `${name}. Coalesced: ${coalesce}. Payload: ${goQuote(payload)}`;
    this.log("DEBUG", `Requesting user event send: ${request}`);
    try {
      await completed((done) => this.serf.userEvent(name, payload, coalesce, done));
    } catch (error) {
      this.log("WARN", `failed to send user event: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Asks the members, this one included. Throws INVALID_OPTION, and what `Serf.query` throws. */
  query(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery {
    // Serf's own queries are not for users, but for the one that asks who can be reached.
    if (isInternalQuery(name) && (name !== pingQueryName || payload.length > 0))
      throw new SerfError("INVALID_OPTION", `Queries cannot contain the '${internalQueryPrefix}' prefix`);
    this.log("DEBUG", `Requesting query send: ${name}. Payload: ${goQuote(payload)}`);
    try {
      return this.serf.query(name, payload, params, listener);
    } catch (error) {
      this.log("WARN", `failed to start user query: ${messageOf(error)}`);
      throw error;
    }
  }

  /** Changes the keys of every member, or lists them; with a keyring file each keeps its own. Rejects with NOT_RUNNING. */
  async requestKeys(operation: KeyOperation, key: string): Promise<KeyReport> {
    this.log("INFO", `Initiating ${keyInitiations[operation]}`);
    return new Promise((resolve) => this.serf.requestKeys(operation, key, resolve));
  }

  /** Removes tags, then sets others. Rejects with TAGS_TOO_LARGE, TIMEOUT, NOT_RUNNING or STATE_FILE_FAILED. */
  async updateTags(set: Tags, remove: readonly string[]): Promise<void> {
    const kept = Object.entries(this.tags).filter(([name]) => !remove.includes(name));
    const tags = { ...Object.fromEntries(kept), ...set };
    this.keepTags(tags);
    await completed((done) => {
      this.serf.setTags(tags, done);
      this.tags = tags;
    });
  }

  /**
   * Takes over what may change while running: event handlers, tags, when news leaves, the fast path to failed members, and whether signals mean
   * a graceful leave. Of the tags only what changed in the configuration is touched, so that those set at run time stay. Rejects as `updateTags` does.
   */
  async reload(config: AgentConfig): Promise<void> {
    const { tags: before } = this.config;
    checkTagsSource({ tags: config.tags, tagsFile: this.config.tagsFile });
    const { eventHandlers, eventScripts, tags, logLevel, leaveOnTerminate, skipLeaveOnInterrupt } = config;
    const changeable = { eventHandlers, eventScripts, tags, logLevel, leaveOnTerminate, skipLeaveOnInterrupt };
    const { dissemination, fastFailure } = config;
    this.config = { ...this.config, ...changeable, dissemination, fastFailure };
    this.serf.memberlist.setFastFailure(fastFailure);
    this.scripts.setScripts(eventScripts);
    this.serf.memberlist.disseminate(dissemination);
    const changed = Object.entries(tags).filter(([name, value]) => before[name] !== value);
    const gone = Object.keys(before).filter((name) => !Object.hasOwn(tags, name));
    if (changed.length > 0 || gone.length > 0) await this.updateTags(Object.fromEntries(changed), gone);
  }

  /** Calls `listener` for every event, after coalescing. Returns what ends it. */
  onEvent(listener: (event: SerfEvent) => void): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /** What `serf info` shows. */
  stats(): AgentStats {
    return collectAgentStats({
      self: this.serf.localMember,
      serfStats: this.serf.stats(),
      scripts: this.config.eventScripts,
      plugins: this.plugins?.summary() ?? {},
    });
  }

  /** What was measured in the finished ten seconds of the last minute, a line a name. */
  renderTelemetry(): string {
    return this.telemetry.render();
  }

  /** Whether that signal asks for a graceful leave, as configured now. */
  leavesOn(signal: "SIGINT" | "SIGTERM"): boolean {
    return signal === "SIGINT" ? !this.config.skipLeaveOnInterrupt : this.config.leaveOnTerminate;
  }

  /** Tells the cluster that this node leaves, and resolves when that had time to spread. `shutdown` is still to be called. */
  leaveCluster(): Promise<void> {
    this.log("INFO", "requesting graceful leave from Serf");
    void this.discovery?.stop();
    return completed((done) => this.serf.leave(done));
  }

  /** Closes everything. Without a leave before, the other members will find that this one failed. */
  shutdown(): Promise<void> {
    this.shutdownUnderWay ??= this.close();
    return this.shutdownUnderWay;
  }

  private async openRpc(): Promise<RpcServer | undefined> {
    if (this.company?.servesRpc === false) return undefined;
    const { rpcAddress: listen, rpcAuthKey: authKey, rpcAuthTimeoutMs: authTimeoutMs } = this.config;
    const { clients: clientsMax, strangers: unauthenticatedMax } = shareOpenFiles();
    const { logger, host } = this;
    const limits = { clientsMax, unauthenticatedMax, authTimeoutMs };
    const grew = () => this.watch.check();
    return createRpcServer({ listen, authKey, agent: this, logger, metrics: host.metrics, limits, grew });
  }

  /** Loaded only where it is asked for. */
  private async openDiscovery(): Promise<Discovery | undefined> {
    const { config, host, logger, advertised } = this;
    if (config.discover === "") return undefined;
    const { createDiscovery } = await import("./discovery.ts");
    const join = (addresses: readonly string[]) => this.join(addresses, config.replay);
    return createDiscovery(config, { host, logger, advertised, join, members: () => this.serf.members() });
  }

  /** Turns new clients and streams away. What is under way goes on, and packets keep this node a member. */
  private shedLoad(short: ReadonlySet<Resource>): void {
    this.host.shedLoad(short.size > 0);
    this.rpc?.shedLoad(short.size > 0, short.has("memory"));
  }

  private async close(): Promise<void> {
    this.isClosing = true;
    this.watch.stop();
    this.log("INFO", "requesting serf shutdown");
    // Tells what was held back for coalescing; the scripts of those last events are started, but not waited for.
    this.serf.shutdown();
    this.scripts.stop();
    await Promise.all([this.rpc?.close(), this.discovery?.stop(), this.host.close()]);
    await this.telemetry.close();
    this.log("INFO", "shutdown complete");
    this.tellEnded();
  }

  /** Serf shuts down by itself where this node lost its name to another. */
  private receiveShutdown(): void {
    if (this.isClosing) return;
    this.log("WARN", "Serf shutdown detected, quitting");
    void this.shutdown();
  }

  private receiveEvent(event: SerfEvent): void {
    const what = describeEvent(event);
    logLater(this.logger, "INFO", () => `agent: ${escapeUnprintable(`Received event: ${what}`)}`);
    this.scripts.handle(event);
    for (const listener of [...this.listeners]) listener(event);
  }

  /** Before they are told to others, so that no restart takes back what these have seen; but never any that no node can have. */
  private keepTags(tags: Tags): void {
    const { tagsFile, protocolVersion } = this.config;
    if (tagsFile === "" || encodeTags(tags, protocolVersion).length > encodedTagsBytesMax) return;
    try {
      writeTagsFile(tagsFile, tags);
    } catch (error) {
      this.log("ERR", messageOf(error));
      throw error;
    }
  }

  /** One line, whatever the names in it hold. */
  private log(level: LogLevel, message: string): void {
    this.logger.log(level, `agent: ${escapeUnprintable(message)}`);
  }
}

function describeEvent(event: SerfEvent): string {
  switch (event.kind) {
    case "user":
      return `user-event: ${event.name}`;
    case "query":
      return `query: ${event.name}`;
    default:
      return event.kind;
  }
}
