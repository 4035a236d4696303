/** Calls `abort` once, when the signal fires. Returns what stops listening to the signal. */
export function onAbort(signal: AbortSignal | undefined, abort: () => void): () => void {
  signal?.addEventListener("abort", abort, { once: true });
  return () => signal?.removeEventListener("abort", abort);
}

/**
 * As `work`, but rejects with the signal's reason as soon as it fires; what was begun goes on, and nobody hears what comes of it. Nothing
 * is begun if the signal has fired already.
 */
export async function untilAborted<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  if (signal === undefined) return work();
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stopListening = onAbort(signal, () => reject(signal.reason));
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    stopListening();
  }
}
