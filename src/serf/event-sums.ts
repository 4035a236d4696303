/**
 * How two nodes find out which user events one of them lacks, without sending them all: a checksum for each run of Lamport times. It travels
 * in a push/pull, under a key that other implementations skip, and the answer brings the events of the runs that differ, and no others: agents that get too little CPU for
 * a burst ask often, and what all push/pulls carry, 512 times of it, would take what CPU they have.
 */

import { utf8Encode } from "../base/bytes.ts";
import type { LamportBuffer, LamportSlot } from "./lamport-buffer.ts";
import type { RecentEvent } from "./push-pull.ts";

/** Lamport times for one checksum. */
const timesPerSum = 32;
/** More are not looked at: a ring of 262,144 times. */
const sumsMax = 8_192;
const headBytes = 8;
const sumBytes = 4;
/** What an answer brings beyond what every push/pull carries. The rest is asked for again. */
const answerBytesMax = 4 * 1024 * 1024;

/** Checksums of the times from about `from` to just before `to`: the first time in 8 bytes, then 4 bytes for each run of times. */
export function encodeEventSums(buffer: LamportBuffer<RecentEvent>, from: number, to: number): Uint8Array {
  const first = runBefore(Math.max(from, to - buffer.slotCount, 0));
  const count = Math.min(sumsMax, Math.max(0, Math.ceil((to - first) / timesPerSum)));
  const bytes = new Uint8Array(headBytes + count * sumBytes);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, first);
  for (let index = 0; index < count; index++) {
    const time = first + index * timesPerSum;
    view.setUint32(headBytes + index * sumBytes, sumOf(buffer, time));
  }
  return bytes;
}

/** The events, known here before `to`, of the runs whose checksum is another here, oldest first; undefined if the bytes make no sense. */
export function findDiffering(
  buffer: LamportBuffer<RecentEvent>,
  sums: Uint8Array,
  to: number,
): LamportSlot<RecentEvent>[] | undefined {
  const count = Math.floor((sums.length - headBytes) / sumBytes);
  if (count < 0 || count > sumsMax) return undefined;
  const view = new DataView(sums.buffer, sums.byteOffset, sums.length);
  const first = view.getFloat64(0);
  if (!Number.isSafeInteger(first) || first < 0 || first !== runBefore(first)) return undefined;
  const found: LamportSlot<RecentEvent>[] = [];
  let bytesLeft = answerBytesMax;
  // Beyond what the other knows of, too: it has asked because it lags behind.
  const runs = Math.ceil((to - first) / timesPerSum);
  for (let index = Math.max(0, Math.floor((to - buffer.slotCount - first) / timesPerSum)); index < runs; index++) {
    const time = first + index * timesPerSum;
    if (index < count && view.getUint32(headBytes + index * sumBytes) === sumOf(buffer, time)) continue;
    for (const slot of buffer.between(time, Math.min(to, time + timesPerSum))) {
      bytesLeft -= slot.items.reduce((sum, { name, payload }) => sum + name.length + payload.length, 0);
      if (bytesLeft < 0) return found;
      found.push(slot);
    }
  }
  return found;
}

function runBefore(time: number): number {
  return time - (time % timesPerSum);
}

/** Does not depend on the order in which the events of one time arrived. */
function sumOf(buffer: LamportBuffer<RecentEvent>, from: number): number {
  let sum = 0;
  for (const { time, items } of buffer.between(from, from + timesPerSum))
    for (const { name, payload } of items) {
      let hash = hashOf(utf8Encode(name), (0x811c9dc5 ^ (time % timesPerSum)) >>> 0);
      hash = hashOf(payload, hash ^ payload.length);
      sum = (sum + hash) >>> 0;
    }
  return sum;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
