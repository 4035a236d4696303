import { describe, expect, test } from "vitest";
import { LamportBuffer } from "./lamport-buffer.ts";

describe("the buffer of Lamport times", () => {
  const createBuffer = () => new LamportBuffer<string>(4, (a, b) => a === b);

  test("admits an item once", () => {
    const buffer = createBuffer();
    expect(buffer.admit(1, 2, "deploy")).toBe("new");
    expect(buffer.admit(1, 2, "deploy")).toBe("seen");
  });

  test("keeps different items of one time apart", () => {
    const buffer = createBuffer();
    expect(buffer.admit(1, 2, "deploy")).toBe("new");
    expect(buffer.admit(1, 2, "restart")).toBe("new");
    expect(buffer.admit(1, 2, "deploy")).toBe("seen");
    expect(buffer.admit(2, 3, "deploy")).toBe("new");
  });

  test("refuses what is older than its reach, because it could be a duplicate", () => {
    const buffer = createBuffer();
    expect(buffer.admit(9, 10, "now")).toBe("new");
    expect(buffer.admit(6, 10, "just within reach")).toBe("new");
    expect(buffer.admit(5, 10, "beyond reach")).toBe("too-old");
  });

  test("takes everything while the clock has not passed its reach", () => {
    expect(createBuffer().admit(0, 4, "first")).toBe("new");
  });

  test("forgets a time when its slot is taken by a later one", () => {
    const buffer = createBuffer();
    buffer.admit(1, 2, "deploy");
    expect(buffer.admit(5, 6, "deploy")).toBe("new");
    expect(buffer.inOrder().map(({ time }) => time)).toEqual([5]);
  });

  test("lists what it holds in Lamport order, whatever the order of arrival", () => {
    const buffer = createBuffer();
    for (const time of [7, 5, 6]) buffer.admit(time, 8, `event ${time}`);
    expect(buffer.inOrder()).toEqual([
      { time: 5, items: ["event 5"] },
      { time: 6, items: ["event 6"] },
      { time: 7, items: ["event 7"] },
    ]);
  });

  test("bounds how many items may claim one time", () => {
    const buffer = createBuffer();
    for (let index = 0; index < 1024; index++) expect(buffer.admit(1, 2, `event ${index}`)).toBe("new");
    expect(buffer.admit(1, 2, "one too many")).toBe("full");
    expect(buffer.admit(1, 2, "event 0")).toBe("seen");
  });
});
