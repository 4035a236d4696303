import { describe, expect, test } from "vitest";
import { RecentIntents } from "./recent-intents.ts";

describe("recent intents", () => {
  test("keep the newest intent of a name and say whether it was news", () => {
    const intents = new RecentIntents();
    expect(intents.keep("web", "join", 5, 0)).toBe(true);
    expect(intents.keep("web", "join", 5, 1)).toBe(false);
    expect(intents.keep("web", "leave", 4, 2)).toBe(false);
    expect(intents.keep("web", "leave", 6, 3)).toBe(true);
    expect(intents.find("web")).toMatchObject({ kind: "leave", lamportTime: 6 });
    expect(intents.find("db")).toBeUndefined();
  });

  test("are forgotten after their time, each from when it was last renewed", () => {
    const intents = new RecentIntents();
    intents.keep("web", "join", 1, 0);
    intents.keep("db", "join", 1, 100);
    intents.keep("web", "leave", 2, 200);
    intents.reap(301, 200);
    expect(intents.find("db")).toBeUndefined();
    expect(intents.find("web")).toBeDefined();
    intents.reap(401, 200);
    expect(intents.size).toBe(0);
  });

  test("are bounded: the oldest go first, many at a time", () => {
    const intents = new RecentIntents();
    for (let index = 0; index < 65_536; index++) intents.keep(`node-${index}`, "join", 1, index);
    expect(intents.size).toBe(65_536);
    intents.keep("one more", "join", 1, 65_536);
    expect(intents.size).toBe(65_536 - 4_096 + 1);
    expect(intents.find("node-4095")).toBeUndefined();
    expect(intents.find("node-4096")).toBeDefined();
    expect(intents.find("one more")).toBeDefined();
  });
});
