/** What the executable has besides Node's own: the part of Bun that is used here. To load what Node has in its place takes two thirds of the time in which `serf members` is to be done. */

export interface Bun {
  readonly stdout: BunFile;
  readonly stderr: BunFile;
  /** Rejects if nobody answers at that address. */
  connect(options: { hostname: string; port: number; socket: BunSocketHandlers }): Promise<BunSocket>;
}

export interface BunFile {
  writer(): BunFileSink;
}

export interface BunFileSink {
  write(text: string): unknown;
  /** Throws, or rejects, if it cannot be written. A promise where the file does not take all of it now; then the rest goes when it can. */
  flush(): unknown;
}

export interface BunSocket {
  /** Returns how many of the bytes were taken; after fewer than all, `drain` is called when there is room. Negative if it is closed. */
  write(bytes: Uint8Array): number;
  /** Closes once all that was taken has left. */
  end(): void;
  /** Closes at once. */
  terminate(): void;
}

export interface BunSocketHandlers {
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(): void;
  close(): void;
  /** `close` follows. */
  error(): void;
}

/** Undefined on Node. */
export const bun = Reflect.get(globalThis, "Bun") as Bun | undefined;
