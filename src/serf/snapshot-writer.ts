import { utf8Encode } from "../base/bytes.ts";
import type { Host, StoredFile, Timer } from "../base/host.ts";

/**
 * How long a line may wait to be handed to the system together with others. What waits is lost with a process that is killed, and its next life is
 * told those events again; so it is little.
 */
const flushIntervalMs = 20;
/** How often to try to get out of trouble. */
const recoveryIntervalMs = 30_000;
/** A file is never compacted below this size. */
const compactAboveBytes = 128 * 1024;
const bytesPerNode = 128;
/** Of lines that wait for a disk which does not answer; beyond it they are dropped and everything is written anew later. */
const pendingCharactersMax = 1024 * 1024;

export interface SnapshotWriterParts {
  readonly file: StoredFile;
  readonly sizeBytes: number;
  /** The file's end is torn: adding to it would spoil the first line added. */
  readonly isTorn: boolean;
  /** All that the file has to say now. */
  render(): string;
  aliveCount(): number;
}

/**
 * Writes lines to a snapshot file, fifty times a second at most, and everything anew when the file has become too long. After a failed append
 * nobody knows what the file holds, so everything is written anew, and tried again until that succeeds: a disk that was full
 * or away loses nothing but time.
 */
export class SnapshotWriter {
  private readonly parts: SnapshotWriterParts;
  private readonly host: Host;
  private pending = "";
  private sizeBytes: number;
  /** The size after the last compaction: until it has doubled, another would gain little. */
  private compactedBytes = 0;
  private needsRewrite: boolean;
  private isRecovering = false;
  private isWriting = false;
  private isFinished = false;
  private timer: Timer | undefined;
  private flushedAtMs = Number.NEGATIVE_INFINITY;
  private rewriteNotBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(parts: SnapshotWriterParts, host: Host) {
    this.parts = parts;
    this.host = host;
    this.sizeBytes = parts.sizeBytes;
    this.needsRewrite = parts.isTorn;
  }

  append(lines: string): void {
    // A rewrite that is due will say it all.
    if (!this.needsRewrite) this.pending += lines;
    if (this.pending.length > pendingCharactersMax) this.requireRewrite();
    this.plan();
  }

  /** Writes what is left and makes it durable; the host's close waits for that. Nothing is written afterwards. */
  finish(): void {
    this.flushNow();
    this.isFinished = true;
  }

  /** Writes what is left without waiting for its time, and makes it durable. */
  flushNow(): void {
    this.timer?.cancel();
    this.timer = undefined;
    // Behind what is being written: a file does what is asked of it in order.
    if (this.needsRewrite) this.rewrite();
    else if (this.pending !== "") this.appendPending();
    this.parts.file.sync((error) => {
      if (error !== undefined) this.log("ERR", `failed to sync snapshot: ${error}`);
    });
  }

  private plan(): void {
    const hasWork = this.needsRewrite || this.pending !== "";
    if (!hasWork || this.isWriting || this.isFinished || this.timer !== undefined) return;
    const { clock, timers } = this.host;
    const dueMs = this.needsRewrite ? this.rewriteNotBeforeMs : this.flushedAtMs + flushIntervalMs;
    this.timer = timers.after(Math.max(0, dueMs - clock.monotonicMs()), () => {
      this.timer = undefined;
      if (this.needsRewrite) this.rewrite();
      else this.appendPending();
    });
  }

  private appendPending(): void {
    const bytes = utf8Encode(this.pending);
    const beganMs = this.host.clock.monotonicMs();
    this.pending = "";
    this.flushedAtMs = beganMs;
    this.isWriting = true;
    this.parts.file.append(bytes, (error) => {
      this.isWriting = false;
      this.sample("appendLine", beganMs);
      if (error !== undefined) this.enterRecovery(error);
      this.sizeBytes += bytes.length;
      if (!this.needsRewrite && this.isTooLong()) this.rewrite();
      this.plan();
    });
  }

  private enterRecovery(error: string): void {
    this.log("ERR", `Failed to update snapshot: ${error}`);
    this.isRecovering = true;
    this.requireRewrite();
  }

  private requireRewrite(): void {
    this.needsRewrite = true;
    this.pending = "";
  }

  private isTooLong(): boolean {
    const sizeBytesMax = Math.max(
      compactAboveBytes,
      2 * bytesPerNode * this.parts.aliveCount(),
      2 * this.compactedBytes,
    );
    return this.sizeBytes > sizeBytesMax && this.host.clock.monotonicMs() >= this.rewriteNotBeforeMs;
  }

  private rewrite(): void {
    if (this.isRecovering) this.log("INFO", "Attempting compaction to recover from error...");
    const beganMs = this.host.clock.monotonicMs();
    const bytes = utf8Encode(this.parts.render());
    const wasNeeded = this.needsRewrite;
    // What is appended from here on comes after what is rendered. What waited already is rendered, too; that it is then
    // said twice does no harm, while a compaction that fails must not lose it.
    this.needsRewrite = false;
    this.isWriting = true;
    this.parts.file.replace(bytes, (error) => {
      this.isWriting = false;
      this.sample("compact", beganMs);
      if (error === undefined) this.applyRewritten(bytes.length);
      else this.postponeRewrite(error, wasNeeded);
      this.plan();
    });
  }

  private applyRewritten(sizeBytes: number): void {
    this.sizeBytes = sizeBytes;
    this.compactedBytes = sizeBytes;
    if (this.isRecovering) this.log("INFO", "Finished compaction, successfully recovered from error state");
    this.isRecovering = false;
  }

  private postponeRewrite(error: string, wasNeeded: boolean): void {
    this.log("ERR", `Compaction failed, will reattempt after ${recoveryIntervalMs / 1000}s: ${error}`);
    this.rewriteNotBeforeMs = this.host.clock.monotonicMs() + recoveryIntervalMs;
    if (!wasNeeded) return;
    this.isRecovering = true;
    this.requireRewrite();
  }

  private sample(what: string, beganMs: number): void {
    this.host.metrics.sample(`serf.snapshot.${what}`, this.host.clock.monotonicMs() - beganMs);
  }

  private log(level: "INFO" | "ERR", text: string): void {
    this.host.logger.log(level, `serf: ${text}`);
  }
}
