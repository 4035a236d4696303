import { expect, test } from "vitest";
import { Banner } from "./banner.ts";

function createBanner() {
  const printed: string[] = [];
  const terminal = { environment: {}, print: (text: string) => void printed.push(text), printError: () => undefined };
  return {
    printed,
    banner: new Banner({ ...terminal, flushed: () => Promise.resolve(), onInterrupt: () => undefined }),
  };
}

const nextRound = () => new Promise((resolve) => setImmediate(resolve));

test("lines of the log are printed together, after what the turn sends", async () => {
  const { banner, printed } = createBanner();
  setImmediate(() => printed.push("(sent)"));
  banner.logLine("one");
  banner.logLine("two");
  expect(printed).toEqual([]);
  for (let rounds = 0; rounds < 3; rounds++) await nextRound();
  banner.logLine("three");
  for (let rounds = 0; rounds < 3; rounds++) await nextRound();
  expect(printed).toEqual(["(sent)", "    one\n    two", "    three"]);
});

test("they keep their place among what the agent says of itself, and none is lost at the end", () => {
  const { banner, printed } = createBanner();
  banner.logLine("one");
  banner.say("leaving");
  banner.logLine("two");
  banner.detail("bye");
  banner.logLine("three");
  banner.flush();
  expect(printed).toEqual(["    one", "==> leaving", "    two", "    bye", "    three"]);
});

test("so many wait at most", () => {
  const { banner, printed } = createBanner();
  for (let line = 0; line < 600; line++) banner.logLine(String(line));
  banner.flush();
  expect(printed.map((text) => text.split("\n").length)).toEqual([512, 88]);
});
