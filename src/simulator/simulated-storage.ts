import { emptyBytes } from "../base/bytes.ts";
import type { OpenedFile, Storage, StorageDone, StoredFile, Timers } from "../base/host.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";

/** Something asked of a file that is not done yet. */
interface Write {
  apply(): string | undefined;
  /** Leaves behind what a crash in its midst would. */
  tear(): void;
}

/** A process's access to the disk of its machine. */
export class SimulatedStorage implements Storage {
  private readonly disk: SimulatedDisk;
  private readonly timers: Timers;
  private readonly underWay: Write[] = [];

  constructor(disk: SimulatedDisk, timers: Timers) {
    this.disk = disk;
    this.timers = timers;
  }

  open(path: string): OpenedFile | { readonly error: string } {
    const error = this.disk.append(path, emptyBytes);
    if (error !== undefined) return { error };
    return { file: this.createFile(path), content: this.disk.read(path)!.slice() };
  }

  /** The process died: of what was under way only a part of the first write may arrive. */
  crash(): void {
    this.underWay.shift()?.tear();
    this.underWay.length = 0;
  }

  private createFile(path: string): StoredFile {
    const { disk } = this;
    const nothing = () => undefined;
    return {
      append: (bytes, done) => {
        const tear = () => void disk.append(path, bytes.subarray(0, disk.tornBytes));
        this.enqueue({ apply: () => disk.append(path, bytes), tear }, done);
      },
      sync: (done) => this.enqueue({ apply: () => disk.sync(path), tear: nothing }, done),
      replace: (bytes, done) => this.enqueue({ apply: () => disk.replace(path, bytes), tear: nothing }, done),
    };
  }

  /** Timers of one delay fire in the order in which they were started, so that writes keep theirs. */
  private enqueue(write: Write, done: StorageDone): void {
    this.underWay.push(write);
    this.timers.after(this.disk.latencyMs, () => {
      this.underWay.splice(this.underWay.indexOf(write), 1);
      done(write.apply());
    });
  }
}
