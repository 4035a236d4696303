/**
 * Files that follow the members: rendered anew, whole, whenever members change and it is quiet; checked; replaced where they differ; and
 * whoever reads them told. What fails keeps the old content and is tried again.
 */

import { stat } from "node:fs/promises";
import { messageOf } from "../../base/errors.ts";
import type { PluginContext } from "../plugin.ts";
import { type FileOutcome, writeFileChecked } from "./checked-file.ts";
import { runOn, signalNumber, signalPidFile } from "./file-commands.ts";
import { findOwner } from "./file-owner.ts";
import { previewFile } from "./file-preview.ts";

/** A file and how it comes about. Texts that are empty count as absent. */
export interface KeptFile {
  /** Absolute path. */
  readonly destination: string;
  /** The content. What it throws or rejects with is the file's problem, and the old content stays. */
  render(): string | Uint8Array | Promise<string | Uint8Array>;
  readonly check?: string;
  /** Asked last, when all else agrees; what it returns keeps the old content, as a failed check does. */
  confirm?(): Promise<string | undefined>;
  readonly reload?: string;
  readonly signal?: string;
  readonly pidFile?: string;
  readonly owner?: string;
  /** "0644". */
  readonly mode?: string;
  /** Where the file cannot be replaced because something is mounted on it, as on /etc/hosts in a container, it is written in place. */
  readonly maySitOnMount?: boolean;
}

/**
 * What became of a file. "waiting": this node has just started and knows nobody yet. "failed": what is wrong, beginning with the path;
 * unless `isWritten`, the content is as it was.
 */
export type FileReport =
  | { readonly kind: "written" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "waiting" }
  | { readonly kind: "failed"; readonly problem: string; readonly isWritten: boolean };

/** Times of `paceOptions`. */
export interface Pace {
  readonly quietMs: number;
  readonly waitMaxMs: number;
  readonly startWaitMs: number;
}

type Surroundings = Pick<
  PluginContext,
  "members" | "agent" | "scheduler" | "processes" | "logger" | "setProblem" | "setStatus"
>;

const retryMs = 10_000;
/** Bytes of UTF-8. No file of any program that is configured so is near. */
const contentBytesMax = 16 * 1024 * 1024;

export class FileKeeper {
  private readonly context: Surroundings;
  private readonly files = new Map<string, KeptFile>();
  private readonly problems = new Map<string, string>();
  /** Written, and whoever reads it is still to be told. */
  private readonly untold = new Set<string>();
  /** What is done to each file, one thing after another. */
  private readonly turns = new Map<string, Promise<unknown>>();
  private readonly askForAll: () => void;
  private waitsForMembers: boolean;
  private retryIsSet = false;

  /** Follows the members from now on, and looks at everything again when the agent gets SIGHUP. */
  constructor(context: Surroundings, { quietMs, waitMaxMs, startWaitMs }: Pace) {
    this.context = context;
    this.askForAll = context.scheduler.debounce(() => this.updateAll(), { quietMs, waitMaxMs });
    this.waitsForMembers = startWaitMs > 0;
    context.scheduler.after(startWaitMs, () => {
      this.waitsForMembers = false;
      this.askForAll();
    });
    context.members.onChange(this.askForAll);
    context.agent.onSignal((signal) => {
      if (signal === "SIGHUP") this.askForAll();
    });
    this.tellStatus();
  }

  /** Destinations, in the order in which they were added. */
  private get destinations(): readonly string[] {
    return [...this.files.keys()];
  }

  /** Writes it now, and from then on. One of the same destination is replaced. */
  async add(file: KeptFile): Promise<FileReport> {
    this.files.set(file.destination, file);
    const report = await this.update(file);
    this.tellStatus();
    return report;
  }

  /** Looks after it no more. The file itself stays. */
  remove(destination: string): void {
    this.files.delete(destination);
    this.problems.delete(destination);
    this.untold.delete(destination);
    this.tellStatus();
  }

  /** Writes it once, now, whoever is known. */
  write(file: KeptFile): Promise<FileReport> {
    return this.inTurn(file.destination, () => this.writeNow(file));
  }

  /** A dry run of these, or of all: what would be written, and what would change. Rejects with what is wrong with a template. */
  async preview(destinations: readonly string[] = this.destinations): Promise<string> {
    const shown = destinations.map((destination) =>
      this.inTurn(destination, async () => {
        const content = await this.files.get(destination)?.render();
        return previewFile(destination, Buffer.from(content ?? "").toString("utf8"));
      }),
    );
    return (await Promise.all(shown)).join("\n");
  }

  private async updateAll(): Promise<void> {
    // One that takes long, or fails, does not hold up the others.
    await Promise.all([...this.files.values()].map((file) => this.update(file)));
    this.tellStatus();
  }

  private async update(file: KeptFile): Promise<FileReport> {
    const { destination } = file;
    if (await this.isTooEarly(destination)) return { kind: "waiting" };
    const report = await this.write(file);
    // Removed or replaced meanwhile: nobody asks any more.
    if (this.files.get(destination) !== file) return report;
    if (report.kind === "failed") {
      this.problems.set(destination, report.problem);
      this.retryLater();
    } else {
      this.problems.delete(destination);
    }
    return report;
  }

  /** An agent that has just started knows only itself. A file from before is better than one without all the others. */
  private async isTooEarly(destination: string): Promise<boolean> {
    if (!this.waitsForMembers || this.context.members.list().length > 1) return false;
    return stat(destination).then(
      () => true,
      () => false,
    );
  }

  private async writeNow(file: KeptFile): Promise<FileReport> {
    const { destination } = file;
    const failed = (problem: string, isWritten = false): FileReport => ({
      kind: "failed",
      problem: `${destination}: ${problem}`,
      isWritten,
    });
    try {
      const outcome = await this.replace(file, await file.render());
      if (outcome.kind === "refused") return failed(outcome.problem);
      if (outcome.kind === "written") this.untold.add(destination);
      if (this.untold.has(destination)) {
        const problem = await this.tellReader(file);
        if (problem !== undefined) return failed(problem, true);
        this.untold.delete(destination);
      }
      if (outcome.kind === "written") this.context.logger.info(`wrote ${destination}`);
      return outcome;
    } catch (error) {
      return failed(messageOf(error));
    }
  }

  private async replace(file: KeptFile, content: string | Uint8Array): Promise<FileOutcome> {
    if (Buffer.byteLength(content) > contentBytesMax)
      throw new Error(`the content is larger than ${contentBytesMax / 2 ** 20} MiB`);
    const { destination, check = "", owner = "", mode = "" } = file;
    const { processes } = this.context;
    const wanted = {
      path: destination,
      content,
      ...(mode !== "" && { mode: Number.parseInt(mode, 8) }),
      ...(owner !== "" && { owner: await findOwner(owner, await ownerOf(destination), processes) }),
      check: async (temporary: string) => {
        const problem = check === "" ? undefined : await runOn(temporary, check, processes);
        return problem === undefined ? file.confirm?.() : `the check refuses the new content: ${problem}`;
      },
    };
    try {
      return await writeFileChecked(wanted);
    } catch (error) {
      if (!file.maySitOnMount || (error as NodeJS.ErrnoException).code !== "EBUSY") throw error;
      return writeFileChecked({ ...wanted, inPlace: true });
    }
  }

  /** Returns what is wrong, if anything. */
  private async tellReader(file: KeptFile): Promise<string | undefined> {
    const { destination, reload = "", signal = "", pidFile = "" } = file;
    if (reload !== "") {
      const problem = await runOn(destination, reload, this.context.processes);
      if (problem !== undefined) return `written, but the reload failed: ${problem}`;
    }
    if (signal === "") return undefined;
    const problem = await signalPidFile(pidFile, signal);
    return problem === undefined ? undefined : `written, but ${problem}`;
  }

  private inTurn<T>(destination: string, work: () => Promise<T>): Promise<T> {
    const done = (this.turns.get(destination) ?? Promise.resolve()).then(work);
    const settled = done.catch(() => undefined);
    this.turns.set(destination, settled);
    void settled.then(() => {
      if (this.turns.get(destination) === settled) this.turns.delete(destination);
    });
    return done;
  }

  private retryLater(): void {
    if (this.retryIsSet) return;
    this.retryIsSet = true;
    this.context.scheduler.after(retryMs, () => {
      this.retryIsSet = false;
      this.askForAll();
    });
  }

  private tellStatus(): void {
    const count = this.files.size;
    this.context.setStatus(`${count} ${count === 1 ? "file" : "files"}`);
    const problems = [...this.problems.values()];
    this.context.setProblem(problems.length === 0 ? undefined : problems.join("; "));
  }
}

/** For whoever declares files: what is wrong with one, if anything. */
export function fileProblem({
  destination,
  signal,
  pidFile,
}: Pick<KeptFile, "destination" | "signal" | "pidFile">): string | undefined {
  if (!destination.startsWith("/")) return `destination must be an absolute path, is ${JSON.stringify(destination)}`;
  if ((signal ?? "") === "" && (pidFile ?? "") === "") return undefined;
  if ((signal ?? "") === "" || (pidFile ?? "") === "") return `${destination}: signal and pid_file go together`;
  return signalNumber(signal ?? "") === undefined ? `${destination}: there is no signal "${signal}"` : undefined;
}

async function ownerOf(path: string) {
  const found = await stat(path).catch(() => undefined);
  return found ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}
