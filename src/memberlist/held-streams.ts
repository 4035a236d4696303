/** As many as may watch a member (`fastFailureWatchers`), and as many again whose views of the cluster differ. */
const heldStreamsMax = 64;

interface Droppable {
  drop(): void;
}

/**
 * Streams that others keep open to this node, to hear of its end: one for each watcher. They have bounds of their own, since they last as long as
 * both nodes do.
 */
export class HeldStreams {
  private readonly byWatcher = new Map<string, Droppable>();

  /** Takes the place of an older stream of the same watcher: it has forgotten that one. False if there is no place. */
  admit(watcher: string, stream: Droppable): boolean {
    const before = this.byWatcher.get(watcher);
    if (before === undefined && this.byWatcher.size >= heldStreamsMax) return false;
    this.byWatcher.set(watcher, stream);
    before?.drop();
    return true;
  }

  forget(watcher: string, stream: Droppable): void {
    if (this.byWatcher.get(watcher) === stream) this.byWatcher.delete(watcher);
  }

  stop(): void {
    for (const stream of [...this.byWatcher.values()]) stream.drop();
  }
}
