/** Keeps nginx and its file what the members make of them. Every change is a reload: nginx knows no other, and it costs no request. */

import { access } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import type { PluginContext, RemoteApi } from "../plugin.ts";
import type { TemplateApi, TemplateFile, TemplateText } from "../template/api.ts";
import { NginxChild } from "./child.ts";
import type { Model } from "./model.ts";
import type { NginxOptions } from "./options.ts";

const retryMsMin = 500;
const retryMsMax = 30_000;
const healthyMs = 60_000;

/** Looks at a file that is to be included by nothing but `http { }`, and leaves the process number of the service alone. */
const checkAlone = [
  "T=$(mktemp) || exit 1",
  'printf \'events { }\\nhttp { include "%s"; }\\n\' "$FILE" >"$T"',
  '"$NGINX" -t -q -e stderr -g "pid $T.pid; error_log stderr;" -c "$T"',
  "S=$?",
  'rm -f "$T" "$T.pid"',
  "exit $S",
].join("; ");

export interface KeeperOptions {
  readonly config: string;
  readonly folder: string;
  readonly template: RemoteApi<TemplateApi>;
  model(): Model;
  templateFor(model: Model): TemplateText;
}

export class NginxKeeper {
  private readonly options: KeeperOptions;
  private readonly context: PluginContext<NginxOptions>;
  private readonly child: NginxChild | undefined;
  private readonly askUpdate: () => void;
  private turn: Promise<unknown> = Promise.resolve();
  private keys: ReadonlySet<string> = new Set();
  private waitsForMembers = true;
  private retryMs = retryMsMin;
  private failedAtMs = -healthyMs;
  private retryIsSet = false;

  constructor(options: KeeperOptions, context: PluginContext<NginxOptions>) {
    this.options = options;
    this.context = context;
    const { config, folder } = options;
    const { program, run, quietMs, waitMaxMs } = context.options;
    if (run === "child")
      this.child = new NginxChild(
        {
          ...{ program, config, folder },
          ended: (why) => this.fail(`nginx has ended: ${why}`),
          // A port in use, say: it goes on as it was.
          refused: (words) => context.setProblem(`nginx does not take the new configuration: ${words}`),
        },
        context,
      );
    this.askUpdate = context.scheduler.debounce(() => this.update(), { quietMs, waitMaxMs });
  }

  /** Rejects where nginx refuses the options; what goes wrong later is shown, and tried again. */
  async start(): Promise<void> {
    const { members, scheduler, signal, options } = this.context;
    await this.inTurn(() => this.updateNow(true));
    signal.throwIfAborted();
    members.onChange(() => {
      const { keys } = this.options.model();
      // A member that leaves is soon gone: that does not wait for quiet.
      if ([...this.keys].some((key) => !keys.has(key))) void this.update();
      else this.askUpdate();
    });
    scheduler.after(options.startWaitMs, () => {
      this.waitsForMembers = false;
      this.askUpdate();
    });
  }

  async stop(): Promise<void> {
    await this.child?.stop();
  }

  private update(): Promise<void> {
    return this.inTurn(async () => {
      try {
        await this.updateNow(false);
      } catch (error) {
        this.fail(messageOf(error));
      }
    });
  }

  private async updateNow(isFirst: boolean): Promise<void> {
    if (await this.keepsOldFile()) return;
    const { model, template, templateFor } = this.options;
    const now = model();
    const report = await template.write(this.fileFor(templateFor(now)));
    if (report.kind === "failed") {
      const isRefused = !report.isWritten;
      if (isFirst && isRefused) throw new Error(report.problem);
      this.fail(report.problem);
      if (isRefused) return;
    }
    this.keys = now.keys;
    if (this.child !== undefined && !this.child.runs) await this.child.start();
    const servers = now.keys.size;
    this.context.setStatus(`${servers} ${servers === 1 ? "server" : "servers"} in ${count(now.pools.length)}`);
    if (report.kind !== "failed") this.context.setProblem(now.problems.join("; ") || undefined);
  }

  private fileFor(template: TemplateText): TemplateFile {
    const { config, folder } = this.options;
    const { program, check, reload } = this.context.options;
    const quoted = `'${program.replaceAll("'", "'\\''")}'`;
    if (this.child === undefined)
      return {
        ...template,
        destination: config,
        check: check === "" ? `NGINX=${quoted}; ${checkAlone}` : check,
        reload,
      };
    return {
      ...template,
      destination: config,
      check: `${quoted} -t -q -p '${folder}' -e stderr -c {{file}}`,
      // Without one that runs there is nobody to tell.
      ...(this.child.runs && { signal: "HUP", pidFile: `${folder}/nginx.pid` }),
    };
  }

  /** An agent that has just started knows only itself; the servers of before are better than none. */
  private async keepsOldFile(): Promise<boolean> {
    if (!this.waitsForMembers || this.context.members.list().length > 1) return false;
    const exists = await access(this.options.config).then(
      () => true,
      () => false,
    );
    if (!exists) return false;
    if (this.child !== undefined && !this.child.runs) await this.child.start();
    this.context.setStatus("as before: no other member is known yet");
    return true;
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

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

function count(pools: number): string {
  return `${pools} ${pools === 1 ? "pool" : "pools"}`;
}
