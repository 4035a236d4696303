import type { Writable } from "node:stream";
import type { BunFile, BunFileSink } from "./bun.ts";

/** Where a process writes what it has to say. What its reader does not take yet waits in memory. */
export interface Output {
  write(text: string): void;
  /** Resolves when all that was written so far has left the process. */
  flushed(): Promise<void>;
}

/** What is done about an error in writing. */
type Fail = (error: NodeJS.ErrnoException) => void;

export class StreamOutput implements Output {
  private readonly open: () => Writable;
  private readonly fail: Fail;
  private stream: Writable | undefined;

  /** `open` is called when there is something to write. */
  constructor(open: () => Writable, fail: Fail) {
    this.open = open;
    this.fail = fail;
  }

  write(text: string): void {
    this.opened().write(text);
  }

  flushed(): Promise<void> {
    return new Promise((resolve) => this.opened().write("", () => resolve()));
  }

  private opened(): Writable {
    this.stream ??= this.open().on("error", this.fail);
    return this.stream;
  }
}

export class BunOutput implements Output {
  private readonly file: BunFile;
  private readonly fail: Fail;
  private sink: BunFileSink | undefined;
  private leaving: Promise<unknown> = Promise.resolve();

  constructor(file: BunFile, fail: Fail) {
    this.file = file;
    this.fail = fail;
  }

  write(text: string): void {
    this.sink ??= this.file.writer();
    try {
      this.sink.write(text);
      const left = this.sink.flush();
      if (left instanceof Promise) this.leaving = left.catch(this.fail);
    } catch (error) {
      this.fail(error as NodeJS.ErrnoException);
    }
  }

  async flushed(): Promise<void> {
    await this.leaving;
  }
}
