/**
 * Names as DNS has them: labels of 1 to 63 bytes, 255 bytes in all, any byte, upper and lower case of ASCII the same (RFC 1035, 2181, 4343).
 * A label is a string of one character a byte here ("latin1"), so that nothing is lost of what a stranger sends.
 */

import { createHash } from "node:crypto";

export type Labels = readonly string[];

const labelBytesMax = 63;
/** With a length byte before each label and the empty label of the root. */
const nameBytesMax = 255;
/** Neither in names of ours: control characters, and what ends lines. Nobody can read them in a log or type them into a command. */
const unreadable = /[\p{Cc}\u2028\u2029]/u;

/** One text for all that DNS takes for the same name. */
export function keyOf(labels: Labels): string {
  return labels.map(foldLabel).join(".");
}

/** A dot within a label is none between labels. */
function foldLabel(label: string): string {
  return label.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[\\.]/g, "\\$&");
}

/** So many bytes on the wire. */
export function nameBytes(labels: Labels): number {
  return labels.reduce((sum, label) => sum + 1 + label.length, 1);
}

/** "web.dc1" is two labels. Undefined where DNS has no such name. */
export function parseName(text: string): Labels | undefined {
  if (unreadable.test(text)) return undefined;
  const labels = text.split(".").map((label) => Buffer.from(label).toString("latin1"));
  const fits = labels.every(({ length }) => length > 0 && length <= labelBytesMax) && nameBytes(labels) <= nameBytesMax;
  return fits ? labels : undefined;
}

/**
 * The labels for a name of a node, a role, a tag or its value. Dots part labels. What DNS cannot say (an empty label, more than 63 bytes
 * without a dot, a line feed) and what takes more than `bytesMax` is named by its hash instead: `serf-` and 16 digits of SHA-256.
 */
export function labelsFor(text: string, bytesMax: number): Labels {
  const labels = parseName(text);
  if (labels !== undefined && nameBytes(labels) <= bytesMax) return labels;
  return [`serf-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`];
}

/** The text in UTF-8 that `dns-packet` and people read, without a dot at its end. */
export function textOf(labels: Labels): string {
  return labels.map((label) => Buffer.from(label, "latin1").toString("utf8")).join(".");
}

/** As master files have it: bytes that mean something there, or nothing to a terminal, as \ and three digits. */
export function presentName(labels: Labels): string {
  const shown = (byte: string): string =>
    /[A-Za-z0-9_-]/.test(byte) ? byte : `\\${byte.charCodeAt(0).toString().padStart(3, "0")}`;
  return labels.map((label) => `${[...label].map(shown).join("")}.`).join("");
}

/** "10.0.0.1" is 1.0.0.10.in-addr.arpa, and the nibbles of an IPv6 address are labels in ip6.arpa. */
export function reverseName(address: Uint8Array): Labels {
  const bytes = [...address].reverse();
  if (bytes.length === 4) return [...bytes.map(String), "in-addr", "arpa"];
  const nibbles = bytes.flatMap((byte) => [byte & 15, byte >> 4]);
  return [...nibbles.map((nibble) => nibble.toString(16)), "ip6", "arpa"];
}
