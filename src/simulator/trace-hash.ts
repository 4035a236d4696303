/** A digest of all that happened in a run: two runs with one hash went the same way. 64 bits, not against forgery. */
export class TraceHash {
  private high = 0x811c_9dc5;
  private low = 0x1b87_3593;
  private readonly double = new Float64Array(1);
  private readonly halves = new Uint32Array(this.double.buffer);

  addNumber(value: number): void {
    this.double[0] = value;
    this.mix(this.halves[0]!);
    this.mix(this.halves[1]!);
  }

  /** An integer of 32 bits. */
  addWord(value: number): void {
    this.mix(value);
  }

  addText(text: string): void {
    for (let i = 0; i < text.length; i++) this.mix(text.charCodeAt(i));
    this.mix(text.length);
  }

  addBytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.mix(byte);
    this.mix(bytes.length);
  }

  /** 16 hexadecimal digits. */
  digest(): string {
    return [this.high, this.low].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  /** Two streams of the FNV-1a kind, of which each stirs the other. */
  private mix(word: number): void {
    this.high = Math.imul(this.high ^ word, 0x0100_0193);
    this.low = Math.imul(this.low ^ (word + (this.high >>> 15)), 0x85eb_ca6b);
    this.high = (this.high ^ (this.low >>> 13)) | 0;
  }
}
