/**
 * Everything the protocol may know of the outside world.
 *
 * `wire`, `memberlist`, `coordinate` and `serf` are synchronous state machines: data arrives or a timer fires, a call runs
 * to completion, and its effects leave through the `Host` that was handed in. The same code therefore runs on real
 * sockets (`src/host`) and in a simulated network under virtual time (`src/simulator`).
 */

import type { Endpoint } from "./address.ts";

/** The outside world of one node. A host serves exactly one node. */
export interface Host {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly storage: Storage;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface Clock {
  /** Milliseconds from an arbitrary start, with fraction; never goes back. For durations. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may jump. For what people and files see. */
  wallMs(): number;
}

export interface Timers {
  /**
   * Calls `fire` once, `delayMs` (>= 0) from now, never synchronously. Timers due at the same time fire in the order in
   * which they were started.
   */
  after(delayMs: number, fire: () => void): Timer;
}

export interface Timer {
  /** After this call the timer does not fire. Calling it again, or after the timer fired, does nothing. */
  cancel(): void;
}

export interface Random {
  /** A uniform integer in [0, bound). `bound` is an integer in [1, 2^32]. */
  below(bound: number): number;
  /** A uniform number in [0, 1). */
  fraction(): number;
  /** Fills `target` with random bytes fit for nonces, and returns it. */
  fill(target: Uint8Array): Uint8Array;
}

/** Packets and streams between nodes. */
export interface Transport {
  /** The address this node listens at, for packets and streams alike; the port is the one actually bound. */
  readonly bound: Endpoint;
  /** Starts delivery. Nothing is delivered before this call; it is made once. */
  listen(receiver: TransportReceiver): void;
  /**
   * Sends one packet, best effort: it may be lost, and a local failure (no route, too large for the network) is counted and
   * told to `TransportReceiver.packetFailed`. The bytes are the transport's once handed over.
   */
  sendPacket(to: Endpoint, packet: Uint8Array): void;
  /**
   * Opens a stream. `handler.opened` or `handler.closed` is called later, never synchronously; after `timeoutMs` without a
   * connection it is `closed` with kind "timeout".
   */
  openStream(to: Endpoint, timeoutMs: number, handler: StreamHandler): Stream;
  /** Stops delivery, closes every stream and the sockets. */
  close(): void;
}

export interface TransportReceiver {
  /** `packet` belongs to the receiver. `atMs` is the monotonic time of arrival. */
  receivePacket(from: Endpoint, packet: Uint8Array, atMs: number): void;
  /** A peer opened a stream to us. Returns who handles it. */
  acceptStream(stream: Stream): StreamHandler;
  /** A packet could not be sent, or its receiver's host answered that nobody listens there. */
  packetFailed(to: Endpoint, failure: TransportFailure): void;
}

/** An ordered, reliable byte stream. Writing after `end` or after it closed does nothing. */
export interface Stream {
  readonly remote: Endpoint;
  /** Bytes handed to `write` that have not yet left for the network. */
  readonly pendingBytes: number;
  write(bytes: Uint8Array): void;
  /** Says that no more bytes follow, after all those written were sent. The other direction stays open. */
  end(): void;
  /**
   * The stream is open for long with nothing to say: from now on it does not keep the process running, and the system asks now and then whether the
   * other host is still there, and closes the stream if it is not.
   */
  stayIdle(): void;
  /**
   * Drops the stream at once, unsent bytes too. `handler` is not called again. The peer sees the stream end early, and a
   * reset if it goes on sending.
   */
  destroy(): void;
}

/** Called in order: `opened` (outgoing streams only), `received` any number of times, `ended` at most once, `closed` once. */
export interface StreamHandler {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** The peer has sent all it wanted to. */
  ended(): void;
  /** The stream is gone; `failure` is absent when both sides had ended. Nothing is called after this. */
  closed(failure?: TransportFailure): void;
}

/**
 * Why a packet or stream failed. `refused`: the peer's host is up and nobody listens at that port. `timeout`: no answer in
 * time. `reset`: the peer dropped an open stream. `unreachable`: the network or this host gave no way to send.
 */
export interface TransportFailure {
  readonly kind: "refused" | "timeout" | "reset" | "unreachable";
  /** For the log and for who asked to join: Go's words where there are any, else the system's own. */
  readonly detail: string;
}

export interface Resolver {
  /** Finds every address of a host name, IPv4 and IPv6. `done` is called once, never synchronously; an error is its text. */
  resolve(hostName: string, done: (result: { addresses: readonly string[] } | { error: string }) => void): void;
  /**
   * Finds where a service is by its SRV records, as "_serf._tcp.example.org", best first: at most 16 targets, each with all its addresses. `done`
   * is called once, never synchronously; an error is its text.
   */
  resolveService(service: string, done: (result: { endpoints: readonly Endpoint[] } | { error: string }) => void): void;
}

/** Files of this machine that outlive the process. */
export interface Storage {
  /**
   * Opens a file, creating an empty one where there is none, and reads all of it. It blocks: call it before the node takes
   * part. An error is a text that names the path.
   */
  open(path: string): OpenedFile | { readonly error: string };
}

export interface OpenedFile {
  readonly file: StoredFile;
  readonly content: Uint8Array;
}

/** `error` is a text for the log; absent if all went well. */
export type StorageDone = (error?: string) => void;

/**
 * What is asked of one file is done in the order of asking. Each `done` is called once, never synchronously. Bytes are the
 * file's once handed over.
 */
export interface StoredFile {
  /**
   * Adds bytes at the end. Once done they outlive this process, but not a loss of power. After an error none, some or all of
   * them may be in the file.
   */
  append(bytes: Uint8Array, done: StorageDone): void;
  /** Lets what was appended outlive a loss of power. */
  sync(done: StorageDone): void;
  /**
   * Puts new content in the place of all the old, all or nothing: whoever reads the file, also after a loss of power or an
   * error, finds the one or the other whole. Once done it outlives a loss of power.
   */
  replace(bytes: Uint8Array, done: StorageDone): void;
}

/** From the least to the most severe; "ERR" as Serf writes it. */
export type LogLevel = "TRACE" | "DEBUG" | "INFO" | "WARN" | "ERR";

/** Messages carry their own subsystem prefix ("memberlist: …", "serf: …"), as Serf's users already search for them. */
export interface Logger {
  /** False where a line of this level would go nowhere: ask before building a costly message. */
  enabled(level: LogLevel): boolean;
  /** Takes one message, without a line end. It must not throw. */
  log(level: LogLevel, message: string): void;
  /** As `log`, for a message that hardly anybody reads: `message` is called when somebody does, once or more, or never. Use the function `logLater`. */
  logLater?(level: LogLevel, message: () => string): void;
}

/** Names are dotted, as the reference sends them to statsd: "memberlist.udp.sent", "serf.queue.Event". */
export interface Metrics {
  /** Counts; by 1 unless said otherwise. */
  increment(name: string, by?: number): void;
  /** Says what a figure is now. */
  gauge(name: string, value: number): void;
  /** A sample of a distribution; times in milliseconds. */
  sample(name: string, value: number): void;
}
