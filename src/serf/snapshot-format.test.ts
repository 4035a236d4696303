import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import { readSnapshot, renderSnapshot, type SnapshotState } from "./snapshot-format.ts";

function read(text: string, keepsOnLeave = false) {
  return readSnapshot(utf8Encode(text), keepsOnLeave);
}

describe("reading a snapshot", () => {
  test("takes the last word on each member and clock", () => {
    const text =
      "alive: a 10.0.0.1:7946\nalive: b 10.0.0.2:7946\nclock: 3\nevent-clock: 4\nquery-clock: 5\n" +
      "not-alive: a\nalive: b 10.0.0.9:7000\nclock: 7\n";
    expect(read(text)).toEqual({
      state: { alive: new Map([["b", "10.0.0.9:7000"]]), failed: new Map(), clock: 7, eventClock: 4, queryClock: 5 },
      isTorn: false,
      warnings: [],
    });
  });

  test("splits name and address at the last space", () => {
    expect(read("alive: my node one [::1]:7946\n").state.alive).toEqual(new Map([["my node one", "[::1]:7946"]]));
  });

  test("keeps failed members apart, until they are alive or gone", () => {
    const failed = "alive: a 1.1.1.1:1\nnot-alive: a\n# failed: a 1.1.1.1:1\n";
    expect(read(failed).state).toMatchObject({ alive: new Map(), failed: new Map([["a", "1.1.1.1:1"]]) });
    expect(read(`${failed}alive: a 1.1.1.1:2\n`).state.failed.size).toBe(0);
    expect(read(`${failed}not-alive: a\n`).state.failed.size).toBe(0);
  });

  test("forgets everything at a leave, unless it is to rejoin", () => {
    const text = "alive: a 1.1.1.1:1\nclock: 3\nevent-clock: 4\nquery-clock: 5\n# failed: b 1.1.1.1:2\nleave\n";
    expect(read(text).state).toEqual({ alive: new Map(), failed: new Map(), clock: 0, eventClock: 0, queryClock: 0 });
    expect(read(text, true).state).toEqual({
      alive: new Map([["a", "1.1.1.1:1"]]),
      failed: new Map([["b", "1.1.1.1:2"]]),
      clock: 3,
      eventClock: 4,
      queryClock: 5,
    });
    expect(read(`${text}alive: c 1.1.1.1:3\n`).state.alive.size).toBe(1);
  });

  test("says nothing of comments and coordinates, and warns of what makes no sense", () => {
    const text =
      "# failed: \n# other\n#\ncoordinate: {}\nalive: a\nclock: 1x\nevent-clock: 99999999999999999999\nquery-clock: \nwhat\n";
    expect(read(text).warnings).toEqual([
      "Failed to parse address: alive: a",
      "Failed to convert clock time: 1x",
      "Failed to convert event clock time: 99999999999999999999",
      "Failed to convert query clock time: ",
      "Unrecognized snapshot line: what",
    ]);
  });

  test("leaves a torn last line out, and says so", () => {
    const { state, isTorn, warnings } = read("clock: 12\nclock: 3");
    expect({ clock: state.clock, isTorn, warnings }).toEqual({ clock: 12, isTorn: true, warnings: [] });
    expect(read("").isTorn).toBe(false);
  });

  test("never throws, whatever the file holds", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void readSnapshot(bytes, false)));
    const words = fc.constantFrom("alive: ", "not-alive: ", "# failed: ", "clock: ", "leave", "\n", " ", "a", "7", "#");
    fc.assert(fc.property(fc.array(words), (parts) => void read(parts.join(""))));
  });
});

describe("rendering a snapshot", () => {
  const time = fc.integer({ min: 0, max: 2 ** 53 - 1 });
  const name = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !text.includes("\n"));
  const addresses = fc
    .array(fc.tuple(name, fc.constantFrom("10.0.0.1:7946", "[fe80::1]:1")))
    .map((all) => new Map(all));

  test("is read back as it was", () => {
    const record = { alive: addresses, failed: addresses, clock: time, eventClock: time, queryClock: time };
    fc.assert(
      fc.property(fc.record(record), (given) => {
        const state: SnapshotState = given;
        for (const both of state.failed.keys()) state.alive.delete(both);
        const text = renderSnapshot(state, false);
        expect(read(text)).toEqual({ state, isTorn: false, warnings: [] });
        expect(read(`${renderSnapshot(state, true)}`, true).state).toEqual(state);
        expect(read(`${renderSnapshot(state, true)}`).state.alive.size).toBe(0);
      }),
    );
  });

  test("writes what the reference writes, and failed members as comments", () => {
    const alive = new Map([["a", "10.0.0.1:7946"]]);
    const failed = new Map([["b", "10.0.0.2:7946"]]);
    expect(renderSnapshot({ alive, failed, clock: 7, eventClock: 3, queryClock: 1 }, true)).toBe(
      "alive: a 10.0.0.1:7946\nnot-alive: b\n# failed: b 10.0.0.2:7946\nclock: 7\nevent-clock: 3\nquery-clock: 1\nleave\n",
    );
  });
});
