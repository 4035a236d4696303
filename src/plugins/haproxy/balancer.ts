/** Keeps HAProxy and its file what the members make of them. */

import { readFile } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import type { PluginContext } from "../plugin.ts";
import { type FileOutcome, writeFileChecked } from "../shared/checked-file.ts";
import type { Pace } from "../shared/file-keeper.ts";
import { type ConfigText, readConfig } from "./config-text.ts";
import type { Model } from "./model.ts";
import type { HaproxyProcess } from "./process.ts";
import { Roster } from "./roster.ts";
import { askSocket } from "./runtime-socket.ts";

/** How often servers are looked at that still have connections. */
const sweepMs = 250;
/** After what went wrong; doubled each time, until nothing does for a minute. */
const retryMsMin = 500;
const retryMsMax = 30_000;
const healthyMs = 60_000;

type Surroundings = Pick<PluginContext, "scheduler" | "logger" | "setStatus" | "setProblem" | "members" | "signal">;

export interface BalancerOptions {
  readonly process: HaproxyProcess;
  readonly config: string;
  /** Permissions of the file; undefined: as it is, else 0644. */
  readonly fileMode: number | undefined;
  readonly drainMs: number;
  readonly pace: Pace;
  model(): Model;
  render(model: Model): Promise<string>;
  /** Returns what HAProxy has against the file, if anything. */
  check(path: string): Promise<string | undefined>;
}

/** HAProxy's own words on a file that it does not take. */
class Refusal extends Error {
  constructor(words: string) {
    super(`HAProxy refuses the new configuration: ${words}`);
  }
}

export class Balancer {
  private readonly options: BalancerOptions;
  private readonly context: Surroundings;
  private readonly roster: Roster;
  private readonly askUpdate: () => void;
  /** One thing at a time is done to HAProxy. */
  private turn: Promise<unknown> = Promise.resolve();
  /** What the worker was told to be. */
  private loaded: ConfigText | undefined;
  /** Servers of the last model that was rendered. */
  private keys: ReadonlySet<string> = new Set();
  private waitsForMembers: boolean;
  private retryMs = retryMsMin;
  private failedAtMs = -healthyMs;
  private retryIsSet = false;
  private sweepIsSet = false;

  constructor(options: BalancerOptions, context: Surroundings) {
    this.options = options;
    this.context = context;
    this.roster = new Roster({
      ask: (command) => askSocket(options.process.socket ?? "", command),
      nowMs: () => performance.now(),
      drainMs: options.drainMs,
    });
    const { quietMs, waitMaxMs, startWaitMs } = options.pace;
    this.askUpdate = context.scheduler.debounce(() => this.update(), { quietMs, waitMaxMs });
    this.waitsForMembers = startWaitMs > 0;
  }

  /**
   * Brings HAProxy to what the members are now, and follows them. Rejects where HAProxy refuses the options; what goes wrong later is
   * shown, and tried again.
   */
  async start(): Promise<void> {
    const { members, scheduler, signal } = this.context;
    await this.inTurn(() => this.bringUp());
    signal.throwIfAborted();
    members.onChange(() => {
      void this.drainAtOnce();
      this.askUpdate();
    });
    scheduler.after(this.options.pace.startWaitMs, () => {
      this.waitsForMembers = false;
      this.askUpdate();
    });
  }

  /** HAProxy has ended by itself. */
  hasEnded(why: string): void {
    this.loaded = undefined;
    this.roster.forget();
    this.fail(`HAProxy has ended: ${why}`);
  }

  private async bringUp(): Promise<void> {
    try {
      await this.updateNow();
    } catch (error) {
      // A service that does not run yet reads the file when it starts.
      if (error instanceof Refusal || this.options.process.isOurs) throw error;
      this.fail(messageOf(error));
    }
  }

  private update(): Promise<void> {
    return this.inTurn(async () => {
      try {
        await this.updateNow();
      } catch (error) {
        this.fail(messageOf(error));
      }
    });
  }

  private async updateNow(): Promise<void> {
    try {
      if (await this.keepsOldFile()) return;
      const model = this.options.model();
      await this.follow(model);
      this.context.setProblem(model.problems.length === 0 ? undefined : model.problems.join("; "));
    } finally {
      this.tellStatus();
    }
  }

  /** A member that begins to leave is out of the game before its file is written: its agent is gone soon after. */
  private drainAtOnce(): Promise<void> {
    return this.inTurn(async () => {
      const { keys } = this.options.model();
      const gone = [...this.keys].filter((key) => !keys.has(key));
      if (gone.length === 0 || !this.canUseSocket()) return;
      // Where it fails, the update that follows has its say.
      await this.roster.drain(gone).catch(() => undefined);
      this.sweepLater();
    });
  }

  private canUseSocket(): boolean {
    return this.options.process.runs && this.options.process.socket !== undefined;
  }

  /** Renders, checks, replaces the file, and has HAProxy do the same. */
  private async follow(model: Model): Promise<void> {
    const text = await this.options.render(model);
    const before = await readIfThere(this.options.config);
    const outcome = await this.write(text);
    if (outcome.kind === "refused") throw new Refusal(outcome.problem);
    if (outcome.kind === "written") this.context.logger.info(`wrote ${this.options.config}`);
    this.keys = model.keys;
    const wanted = readConfig(text);
    if (outcome.kind === "unchanged" && this.loaded === undefined && this.options.process.assumeLoaded())
      this.loaded = wanted;
    const why = await this.bring(wanted);
    if (why === undefined) return;
    if (why !== "") this.context.logger.info(`reloading HAProxy: ${why}`);
    try {
      await this.load(text);
    } catch (error) {
      // What it does not take although the check did, a port in use perhaps: a restart is to come up with what works.
      if (before !== undefined && outcome.kind === "written" && this.options.process.runs)
        await writeFileChecked({ path: this.options.config, content: before });
      throw error;
    }
  }

  /** By the socket where that does. Returns why HAProxy has to be loaded anew; "" where that says itself. */
  private async bring(wanted: ConfigText): Promise<string | undefined> {
    const { loaded } = this;
    if (loaded === undefined || !this.options.process.runs) return "";
    if (loaded.rest !== wanted.rest) return "more than servers has changed";
    if (!this.canUseSocket())
      return isSame(loaded, wanted) ? undefined : "servers have changed, and there is no socket";
    let outcome: Awaited<ReturnType<Roster["bring"]>>;
    try {
      outcome = await this.roster.bring(wanted, loaded);
    } catch (error) {
      outcome = { kind: "reload", why: messageOf(error) };
    }
    if (outcome.kind === "reload") return outcome.why;
    this.loaded = wanted;
    this.sweepLater();
    return undefined;
  }

  private async load(text: string): Promise<void> {
    await this.options.process.load();
    this.loaded = readConfig(text);
    this.roster.forget();
  }

  private write(content: string): Promise<FileOutcome> {
    const { config: path, fileMode: mode, check } = this.options;
    return writeFileChecked({ path, content, check, ...(mode !== undefined && { mode }) });
  }

  /** An agent that has just started knows only itself; the servers of before are better than none. */
  private async keepsOldFile(): Promise<boolean> {
    const { config, process: haproxy, check } = this.options;
    if (!this.waitsForMembers || this.context.members.list().length > 1) return false;
    const text = await readIfThere(config);
    if (text === undefined || (await check(config)) !== undefined) return false;
    if (haproxy.runs || haproxy.assumeLoaded()) this.loaded ??= readConfig(text);
    else await this.load(text);
    this.context.setStatus("as before: no other member is known yet");
    return true;
  }

  private sweepLater(): void {
    if (this.roster.leavingCount === 0 || this.sweepIsSet) return;
    this.sweepIsSet = true;
    this.context.scheduler.after(sweepMs, () =>
      this.inTurn(async () => {
        this.sweepIsSet = false;
        if (!this.canUseSocket()) return;
        try {
          const outcome = await this.roster.sweep();
          if (outcome.kind === "reload") {
            this.context.logger.info(`reloading HAProxy: ${outcome.why}`);
            await this.load(await readFile(this.options.config, "utf8"));
          }
        } catch (error) {
          this.fail(messageOf(error));
        }
        this.tellStatus();
        this.sweepLater();
      }),
    );
  }

  private fail(problem: string): void {
    this.context.setProblem(problem);
    if (this.retryIsSet) return;
    this.retryIsSet = true;
    const nowMs = performance.now();
    this.retryMs = nowMs - this.failedAtMs > healthyMs ? retryMsMin : Math.min(this.retryMs * 2, retryMsMax);
    this.failedAtMs = nowMs;
    this.context.scheduler.after(this.retryMs, async () => {
      this.retryIsSet = false;
      await this.update();
    });
  }

  private tellStatus(): void {
    const { loaded } = this;
    if (loaded === undefined) {
      this.context.setStatus("HAProxy does not run");
      return;
    }
    const counted = `${count(loaded.servers.size, "server")} in ${count(loaded.backends.size, "pool")}`;
    const leaving = this.roster.leavingCount;
    this.context.setStatus(leaving === 0 ? counted : `${counted}, ${leaving} on their way out`);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function isSame(a: ConfigText, b: ConfigText): boolean {
  const plain = ({ servers }: ConfigText) => JSON.stringify([...servers]);
  return a.rest === b.rest && plain(a) === plain(b);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
