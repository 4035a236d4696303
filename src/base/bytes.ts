/** Byte strings without Node's Buffer, so that the protocol also runs where there is none. */

export const emptyBytes: Uint8Array = new Uint8Array(0);

const encoder = new TextEncoder();
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
const replacementCharacter = "\ufffd";

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Encodes into `target` from `offset` on, which must have room (at most three bytes a UTF-16 unit). Returns the bytes written. */
export function utf8EncodeInto(text: string, target: Uint8Array, offset: number): number {
  return encoder.encodeInto(text, target.subarray(offset)).written;
}

/** Bytes a text takes as UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes; a lone surrogate becomes U+FFFD, three bytes.
    const isPair = unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPair) {
      bytes += 2;
      i++;
    } else {
      bytes += unit < 0x800 ? 1 : 2;
    }
  }
  return bytes;
}

/** Whatever is not UTF-8 becomes U+FFFD. */
export function utf8Decode(bytes: Uint8Array): string {
  return lenientDecoder.decode(bytes);
}

/** Undefined if the bytes are not UTF-8. */
export function utf8DecodeStrict(bytes: Uint8Array): string | undefined {
  // The strict decoder is several times slower, so it is asked only when the lenient one may have replaced something.
  const text = lenientDecoder.decode(bytes);
  if (!text.includes(replacementCharacter)) return text;
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * A view of part of `bytes`, sharing its memory. Unlike `bytes.subarray` it is a plain Uint8Array even when `bytes` is a
 * subclass (a Buffer from a socket), so that hot code sees one shape of object.
 */
export function viewBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

/** To copy bytes costs about as much memory as this, beyond the bytes themselves. */
const copyOverheadBytes = 256;

/** The same bytes, for keeping: a copy, unless what they share their memory with is hardly more than they are. */
export function bytesToKeep(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength - bytes.length <= copyOverheadBytes ? bytes : bytes.slice();
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Not in constant time: not for secrets. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Reads a big endian u16; the caller has checked the bounds. */
export function readUint16(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}

/** Reads a big endian u32; the caller has checked the bounds. */
export function readUint32(bytes: Uint8Array, offset: number): number {
  return ((readUint16(bytes, offset) << 16) | readUint16(bytes, offset + 2)) >>> 0;
}

export function writeUint16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >>> 8;
  bytes[offset + 1] = value;
}

export function writeUint32(bytes: Uint8Array, offset: number, value: number): void {
  writeUint16(bytes, offset, value >>> 16);
  writeUint16(bytes, offset + 2, value & 0xffff);
}

export function hexEncode(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

/** Undefined unless `text` is pairs of hexadecimal digits; white space between pairs is skipped. */
export function hexDecode(text: string): Uint8Array | undefined {
  const digits = text.replace(/\s+/g, "");
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** Standard alphabet with padding. */
export function base64Encode(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Undefined unless `text` is base64 in the standard alphabet with its padding. */
export function base64Decode(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
