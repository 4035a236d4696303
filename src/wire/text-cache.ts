import { utf8DecodeStrict, viewBytes } from "../base/bytes.ts";

const slotCount = 2048;
const textBytesMax = 32;

/**
 * The texts last seen, by their bytes. A cluster says the same few names over and over: finding the text that is already
 * there is faster than decoding it again, and ten thousand records of a node share one string. A miss costs a decode, so a
 * peer that sends nothing twice gains nothing by it.
 */
export class TextCache {
  private readonly texts = new Array<string | undefined>(slotCount).fill(undefined);
  private readonly keys = new Uint8Array(slotCount * textBytesMax);
  private readonly keyLengths = new Uint8Array(slotCount);

  /** The text of these bytes; undefined if they are not UTF-8. */
  decode(bytes: Uint8Array, start: number, end: number): string | undefined {
    const length = end - start;
    if (length > textBytesMax) return utf8DecodeStrict(viewBytes(bytes, start, end));
    let hash = length;
    for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
    const slot = (hash ^ (hash >>> 11)) & (slotCount - 1);
    const text = this.texts[slot];
    if (text !== undefined && this.keyLengths[slot] === length && this.matches(slot, bytes, start, length)) return text;
    return this.learn(slot, bytes, start, end);
  }

  private matches(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
    const { keys } = this;
    const offset = slot * textBytesMax;
    for (let i = 0; i < length; i++) if (keys[offset + i] !== bytes[start + i]) return false;
    return true;
  }

  private learn(slot: number, bytes: Uint8Array, start: number, end: number): string | undefined {
    const key = viewBytes(bytes, start, end);
    const text = utf8DecodeStrict(key);
    if (text === undefined) return undefined;
    this.texts[slot] = text;
    this.keyLengths[slot] = key.length;
    this.keys.set(key, slot * textBytesMax);
    return text;
  }
}
