import { readOpenFilesLimit } from "../host/process-limits.ts";

/** Connections that may be open at once. */
export interface ConnectionLimits {
  /** RPC clients that have shown who they are. */
  readonly clients: number;
  /** RPC clients that have not yet. */
  readonly strangers: number;
  /** Streams that other members opened. */
  readonly streams: number;
}

/** Bounds that hold however many files may be open. The reference has none: see docs/DEVIATIONS.md. */
const unlimited: ConnectionLimits = { clients: 4_096, strangers: 64, streams: 1_024 };
/** For what the runtime, listening sockets and the log take before anybody connects. */
const ownFiles = 32;

/**
 * Shares out the files that a process may have open: half of them to clients, a quarter to other members, and the rest stays free for
 * this node's own streams, its snapshot and its handlers. However many connect, it can go on taking part.
 */
export function shareOpenFiles(filesMax = readOpenFilesLimit() ?? Number.POSITIVE_INFINITY): ConnectionLimits {
  const free = Math.max(0, filesMax - ownFiles);
  const share = (part: number, bound: number): number => Math.max(2, Math.min(bound, Math.floor(free * part)));
  return {
    clients: share(3 / 8, unlimited.clients),
    strangers: share(1 / 8, unlimited.strangers),
    streams: share(1 / 4, unlimited.streams),
  };
}
