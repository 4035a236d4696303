/** Small damage to bytes: flips, cuts, heads of lengths and kinds, and parts of other inputs. */

import type { SeededRandom } from "../../src/simulator/seeded-random.ts";

/** Numbers and heads that MessagePack, DNS and our own envelopes read lengths and kinds from. */
const telling: readonly (readonly number[])[] = [
  [0],
  [0xff],
  [0x7f],
  [0x80],
  [0x8f],
  [0x90],
  [0x9f],
  [0xc0],
  [0xff, 0xff],
  [0xc0, 12],
  [0xdb, 0xff, 0xff, 0xff, 0xff],
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0x7f, 0xff, 0xff, 0xff],
  [0xc6, 0, 0, 1, 0],
  [0xcf, 255, 255, 255, 255, 255, 255, 255, 255],
  [0xd3, 128, 0, 0, 0, 0, 0, 0, 0],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [7, 255],
  [9, 0x82, 0xa4, 0x41, 0x6c, 0x67, 0x6f, 0, 0xa3, 0x42, 0x75, 0x66],
  [12, 0, 0, 0, 0],
  [244, 1, 65],
];

/** One to four edits; what is put in comes from another input of the corpus. */
export function mutate(base: Uint8Array, corpus: readonly Uint8Array[], random: SeededRandom): Uint8Array {
  let bytes = Array.from(base);
  for (let edits = 1 + random.below(4); edits > 0; edits--) {
    const at = random.below(bytes.length + 1);
    const other = corpus[random.below(corpus.length)]!;
    switch (random.below(8)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 2:
        if (at < bytes.length) bytes[at] = (bytes[at]! + (random.below(2) === 0 ? 1 : 255)) & 0xff;
        break;
      case 3:
        bytes.splice(at, 1 + random.below(16));
        break;
      case 4:
        bytes.splice(at, random.below(3), ...telling[random.below(telling.length)]!);
        break;
      case 5:
        bytes = [...bytes.slice(0, at), ...other.subarray(random.below(other.length + 1))];
        break;
      case 6:
        // A part again: lists and maps with the same entry many times.
        bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random.below(32)));
        break;
      default:
        bytes = bytes.slice(0, at);
    }
  }
  return Uint8Array.from(bytes);
}
