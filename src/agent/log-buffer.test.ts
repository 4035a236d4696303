import { expect, test } from "vitest";
import { LogBuffer } from "./log-buffer.ts";

test("a new listener first gets the last lines, oldest first, then every further one", () => {
  const buffer = new LogBuffer(4);
  for (const line of ["one", "two", "three", "four", "five"]) buffer.append("INFO", line);
  const heard: string[] = [];
  const unsubscribe = buffer.subscribe((line) => heard.push(line));
  buffer.append("INFO", "six");
  unsubscribe();
  buffer.append("INFO", "seven");
  expect(heard).toEqual(["two", "three", "four", "five", "six"]);
  expect(buffer.lines()).toEqual(["four", "five", "six", "seven"]);
});

test("a buffer that is not full keeps what there is", () => {
  const buffer = new LogBuffer(4);
  expect(buffer.lines()).toEqual([]);
  buffer.append("WARN", "one");
  expect(buffer.lines()).toEqual(["one"]);
});

test("listeners learn the level of each line", () => {
  const buffer = new LogBuffer();
  const heard: string[] = [];
  buffer.append("ERR", "old");
  buffer.subscribe((line, level) => heard.push(`${level} ${line}`));
  buffer.append("TRACE", "new");
  expect(heard).toEqual(["ERR old", "TRACE new"]);
});

test("what makes a line is not asked before somebody reads it", () => {
  const buffer = new LogBuffer(4, 5, (level, atMs) => `at ${atMs} [${level}] `);
  let made = 0;
  const make = () => `${++made} and more`;
  buffer.append("DEBUG", make, 7);
  expect(made).toBe(0);
  expect(buffer.lines()).toEqual(["at 7 [DEBUG] 1 and…"]);
  const heard: string[] = [];
  buffer.subscribe((line) => heard.push(line));
  buffer.append("DEBUG", make);
  expect(heard).toEqual(["at 7 [DEBUG] 2 and…", "3 and…"]);
});

test("a line beyond the length limit is cut", () => {
  const buffer = new LogBuffer(4, 3);
  buffer.append("INFO", "abcdef");
  expect(buffer.lines()).toEqual(["abc…"]);
});
