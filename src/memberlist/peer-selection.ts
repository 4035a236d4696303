import type { Random } from "../base/host.ts";

/** Shuffles in place (Fisher-Yates); every order is equally likely. */
export function shuffle(values: { readonly length: number; [index: number]: number }, random: Random): void {
  for (let last = values.length - 1; last > 0; last--) swap(values, last, random.below(last + 1));
}

/**
 * Up to `count` different rows of [0, rowCount) that are eligible, each set of them equally likely. Fewer come back only
 * where there are fewer: in a cluster of one there is nobody to choose, in a cluster of two never a third.
 */
export function chooseRows(
  count: number,
  rowCount: number,
  random: Random,
  isEligible: (row: number) => boolean,
): number[] {
  const chosen: number[] = [];
  // In a large cluster a few draws hit; looking at everybody is for small ones, and for large ones where few are eligible.
  for (let draws = rowCount > 3 * count ? 3 * count : 0; draws > 0 && chosen.length < count; draws--) {
    const row = random.below(rowCount);
    if (!chosen.includes(row) && isEligible(row)) chosen.push(row);
  }
  if (chosen.length < count) chooseAmongAll(chosen, count, rowCount, random, isEligible);
  return chosen;
}

function chooseAmongAll(
  chosen: number[],
  count: number,
  rowCount: number,
  random: Random,
  isEligible: (row: number) => boolean,
): void {
  const others: number[] = [];
  for (let row = 0; row < rowCount; row++) if (!chosen.includes(row) && isEligible(row)) others.push(row);
  for (let left = others.length; left > 0 && chosen.length < count; left--) {
    swap(others, left - 1, random.below(left));
    chosen.push(others[left - 1]!);
  }
}

const idsAtFirst = 16;

/**
 * The order in which members are probed: round-robin over a list that is shuffled anew for each round, so that every member
 * is probed within a round, and no two nodes probe in step (SWIM, section 4.3). Members are given by their table's ids.
 */
export class ProbeOrder {
  private readonly random: Random;
  /** Of which `count` are in use: half the memory of a list of numbers, where thousands of nodes keep one each. */
  private ids = new Uint32Array(idsAtFirst);
  private count = 0;
  private position = 0;

  constructor(random: Random) {
    this.random = random;
  }

  get length(): number {
    return this.count;
  }

  /**
   * Puts a new member at a random place. Were it put at the end, all members that came together would be probed together,
   * and the time until a failure is noticed would be worse on average.
   */
  insert(id: number): void {
    this.append(id);
    // Not beyond the last place but one, as in the reference: the one displaced goes to the end.
    if (this.count > 1) swap(this.ids, this.count - 1, this.random.below(this.count - 1));
  }

  /**
   * The next member to probe, or undefined where nobody is worth it. At the end of a round `remaining` is asked for the ids
   * of all who take part in the next one: that is the moment to forget members, and no other.
   */
  next(isTarget: (id: number) => boolean, remaining: () => Iterable<number>): number | undefined {
    const target = this.findAhead(isTarget);
    if (target !== undefined) return target;
    this.startRound(remaining());
    // Once: in a cluster of one, and where all others are gone, there is nobody to be found.
    return this.findAhead(isTarget);
  }

  private findAhead(isTarget: (id: number) => boolean): number | undefined {
    while (this.position < this.count) {
      const id = this.ids[this.position]!;
      this.position += 1;
      if (isTarget(id)) return id;
    }
    return undefined;
  }

  private startRound(remaining: Iterable<number>): void {
    this.count = 0;
    for (const id of remaining) this.append(id);
    shuffle(this.ids.subarray(0, this.count), this.random);
    this.position = 0;
  }

  private append(id: number): void {
    if (this.count === this.ids.length) {
      const grown = new Uint32Array(this.count + Math.max(idsAtFirst, this.count >> 3));
      grown.set(this.ids);
      this.ids = grown;
    }
    this.ids[this.count++] = id;
  }
}

function swap(values: { [index: number]: number }, a: number, b: number): void {
  const value = values[a]!;
  values[a] = values[b]!;
  values[b] = value;
}
