/**
 * The servers of the worker that runs, changed by its socket: they come, get another address or share, and go, without a reload.
 * One call at a time.
 */

import { type ConfigServer, type ConfigText, serverKey } from "./config-text.ts";
import { readConnections, readServersState, type ServerState } from "./runtime-socket.ts";

/** What a server that is being drained may take to be deleted, after its last connections were closed. */
const deletionMs = 3_000;

export interface RosterOptions {
  /** Sends a command to the worker. */
  ask(command: string): Promise<string>;
  nowMs(): number;
  readonly drainMs: number;
}

/** "reload" with the reason why the socket does not do. */
export type RosterOutcome = { readonly kind: "done" } | { readonly kind: "reload"; readonly why: string };

const done: RosterOutcome = { kind: "done" };

export class Roster {
  private readonly options: RosterOptions;
  /** Servers on their way out, by key, with the time from which on their connections are closed. */
  private readonly leaving = new Map<string, number>();

  constructor(options: RosterOptions) {
    this.options = options;
  }

  get leavingCount(): number {
    return this.leaving.size;
  }

  /** A new worker has only what is in its file. */
  forget(): void {
    this.leaving.clear();
  }

  /** These get no new connections from now on. Rejects where nobody answers. */
  async drain(keys: Iterable<string>): Promise<void> {
    for (const key of keys) {
      if (this.leaving.has(key)) continue;
      const answer = await this.options.ask(`set server ${key} state drain`);
      // "No such server." is as good.
      if (answer === "") this.leaving.set(key, this.options.nowMs() + this.options.drainMs);
    }
  }

  /** Makes the worker's servers those of the configuration that is wanted; `loaded` is what it was told before. */
  async bring(wanted: ConfigText, loaded: ConfigText): Promise<RosterOutcome> {
    const states = new Map<string, ServerState>();
    for (const state of readServersState(await this.options.ask("show servers state")))
      if (wanted.backends.has(state.backend)) states.set(serverKey(state.backend, state.name), state);
    await this.drain([...states.keys()].filter((key) => !wanted.servers.has(key)));
    for (const [key, server] of wanted.servers) {
      const state = states.get(key);
      const before = loaded.servers.get(key);
      const why =
        state === undefined
          ? await this.add(key, server, wanted)
          : before !== undefined && before.settings !== server.settings
            ? `server ${key} has other settings`
            : await this.change(key, server, state);
      if (why !== undefined) return { kind: "reload", why };
    }
    return done;
  }

  /** Deletes those that have no connection any more, or have had their time. */
  async sweep(): Promise<RosterOutcome> {
    const { ask, nowMs } = this.options;
    const backends = new Set([...this.leaving.keys()].map((key) => key.split("/")[0]!));
    const connections = new Map<string, number>();
    for (const backend of backends) {
      for (const [name, count] of readConnections(await ask(`show servers conn ${backend}`)))
        connections.set(serverKey(backend, name), count);
    }
    for (const [key, untilMs] of [...this.leaving]) {
      const isOverdue = nowMs() >= untilMs;
      if (!isOverdue && (connections.get(key) ?? 0) > 0) continue;
      const answer = await this.delete(key, isOverdue);
      if (/deleted|no such server/i.test(answer)) this.leaving.delete(key);
      else if (nowMs() >= untilMs + deletionMs)
        return { kind: "reload", why: `server ${key} is not deleted: ${answer}` };
    }
    return done;
  }

  private async add(key: string, server: ConfigServer, { rest }: ConfigText): Promise<string | undefined> {
    // It holds for servers of the file alone.
    if (/^\s*(default-server|server-template)\s/m.test(rest))
      return `server ${key} is new, and there are defaults for servers`;
    const { address, port, weight, settings } = server;
    const endpoint = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
    const commands = [
      `add server ${key} ${endpoint} weight ${weight} ${settings}`.trimEnd(),
      ...(/(^| )check( |$)/.test(settings) ? [`enable health ${key}`] : []),
      `enable server ${key}`,
    ];
    const answer = await this.options.ask(commands.join("; "));
    return answer.startsWith("New server registered") ? undefined : `server ${key} is not added: ${answer}`;
  }

  private async change(key: string, server: ConfigServer, state: ServerState): Promise<string | undefined> {
    const { ask } = this.options;
    const { address, port, weight } = server;
    if (state.address !== address || state.port !== port) {
      const answer = await ask(`set server ${key} addr ${address} port ${port}`);
      if (!/changed|no need to change/i.test(answer)) return `server ${key} does not move: ${answer}`;
    }
    if (state.weight !== weight) {
      const answer = await ask(`set server ${key} weight ${weight}`);
      if (answer !== "") return `server ${key} gets no other weight: ${answer}`;
    }
    // Whom an operator has taken out of service stays out.
    if (!this.leaving.delete(key)) return undefined;
    const answer = await ask(`set server ${key} state ready`);
    return answer === "" ? undefined : `server ${key} does not come back: ${answer}`;
  }

  private delete(key: string, closes: boolean): Promise<string> {
    const commands = [
      `set server ${key} state maint`,
      ...(closes ? [`shutdown sessions server ${key}`] : []),
      `del server ${key}`,
    ];
    return this.options.ask(commands.join("; "));
  }
}
