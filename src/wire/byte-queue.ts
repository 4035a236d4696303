import { emptyBytes, viewBytes } from "../base/bytes.ts";

/**
 * Bytes of a stream that came in and were not yet consumed, as one run. Consumed bytes are never written over: views of them
 * stay what they were. It grows with what really arrives, never by what a peer announces.
 */
export class ByteQueue {
  bytes: Uint8Array = emptyBytes;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** The chunk is the queue's once handed over. */
  push(chunk: Uint8Array): void {
    if (this.length === 0) {
      this.bytes = chunk;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    if (this.end + chunk.length > this.bytes.length) this.move(Math.max(2 * this.length, this.length + chunk.length));
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** The next `length` bytes, which must be there, as a view. */
  take(length: number): Uint8Array {
    const taken = viewBytes(this.bytes, this.start, this.start + length);
    this.start += length;
    return taken;
  }

  clear(): void {
    this.bytes = emptyBytes;
    this.start = 0;
    this.end = 0;
  }

  private move(capacityBytes: number): void {
    const moved = new Uint8Array(capacityBytes);
    moved.set(this.bytes.subarray(this.start, this.end));
    this.end -= this.start;
    this.start = 0;
    this.bytes = moved;
  }
}
