import { describe, expect, test } from "vitest";
import { nearestWord } from "./nearest-word.ts";
import {
  addJson,
  addText,
  boolean,
  choice,
  durationMs,
  findOption,
  integer,
  mergeSources,
  type OptionDeclarations,
  type OptionSource,
  pairs,
  resolveOptions,
  text,
  texts,
} from "./options.ts";

const declarations = {
  join: { type: texts(), default: [], doc: "", flag: "join", key: "start_join" },
  tags: { type: pairs(), default: {}, doc: "", flag: "tag", key: "tags" },
  compression: {
    type: boolean(),
    default: true,
    doc: "",
    flag: "disable-compression",
    flagNegates: true,
    key: "enable_compression",
  },
  replay: { type: boolean(), default: false, doc: "", flag: "replay", key: "replay_on_join" },
  retryMax: { type: integer(0, 100), default: 3, doc: "", flag: "retry-max", key: "retry_max_attempts" },
  intervalMs: { type: durationMs(0, 60_000), default: 30_000, doc: "", flag: "interval", key: "interval" },
  profile: { type: choice("lan", "wan"), default: "lan", doc: "", flag: "profile", key: "profile" },
  node: { type: text(), default: "", doc: "", flag: "node", key: "node_name" },
} as const satisfies OptionDeclarations;

function fromTexts(...given: readonly (readonly [name: string, text: string])[]): OptionSource {
  const source: OptionSource = {};
  for (const [name, value] of given) expect(addText(declarations, source, name, value)).toBeUndefined();
  return source;
}

describe("options given as text", () => {
  test("a list grows with each flag and pairs are collected", () => {
    const source = fromTexts(["join", "a"], ["join", "b"], ["tags", "x=1"], ["tags", "y=a=b"], ["tags", "x="]);
    expect(source).toEqual({ join: ["a", "b"], tags: { x: "", y: "a=b" } });
  });

  test("a flag may say the opposite of its option", () => {
    expect(fromTexts(["compression", "true"])).toEqual({ compression: false });
    expect(fromTexts(["compression", "F"])).toEqual({ compression: true });
  });

  test("numbers, durations, choices and switches are read", () => {
    const source = fromTexts(["retryMax", "7"], ["intervalMs", "1.5s"], ["profile", "wan"], ["replay", "1"]);
    expect(source).toEqual({ retryMax: 7, intervalMs: 1500, profile: "wan", replay: true });
  });

  test("an empty text counts as not given", () => {
    expect(fromTexts(["profile", ""], ["retryMax", ""], ["join", ""])).toEqual({});
  });

  test.each([
    ["retryMax", "x", 'must be an integer from 0 to 100, is "x"'],
    ["retryMax", "101", "must be an integer from 0 to 100, is 101"],
    ["intervalMs", "5", 'time: missing unit in duration "5"'],
    ["intervalMs", "2m", "must be a duration from 0s to 1m0s, is 2m0s"],
    ["profile", "moon", 'must be one of lan, wan, is "moon"'],
    ["replay", "yes", 'must be true or false, is "yes"'],
    ["tags", "=x", 'must be key=value, is "=x"'],
    ["tags", "x", 'must be key=value, is "x"'],
  ])("%s refuses %j", (name, given, problem) => {
    const source: OptionSource = {};
    expect(addText(declarations, source, name, given)).toBe(problem);
    expect(source).toEqual({});
  });
});

describe("options given in JSON", () => {
  test("a duration is text there, and null counts as not given", () => {
    const source: OptionSource = {};
    expect(addJson(declarations, source, "intervalMs", "2s")).toBeUndefined();
    expect(addJson(declarations, source, "node", null)).toBeUndefined();
    expect(addJson(declarations, source, "intervalMs", 2)).toBe('must be a duration like "30s", in quotes');
    expect(addJson(declarations, source, "tags", ["x"])).toBe('must be an object whose values are texts, is ["x"]');
    expect(addJson(declarations, source, "join", "x")).toBe('must be a list of texts, is "x"');
    expect(source).toEqual({ intervalMs: 2000 });
  });

  test("keys are found in any case, flags as they are", () => {
    expect(findOption(declarations, "key", "Start_JOIN")).toBe("join");
    expect(findOption(declarations, "flag", "JOIN")).toBeUndefined();
    expect(findOption(declarations, "flag", "retry-max")).toBe("retryMax");
  });
});

test("a stronger source wins with false and 0 too, lists follow each other, tags merge", () => {
  const merged = mergeSources(declarations, [
    { replay: true, retryMax: 5, join: ["a"], tags: { x: "1", y: "1" } },
    { replay: false, retryMax: 0, join: ["b"], tags: { y: "2" } },
  ]);
  expect(merged).toEqual({ replay: false, retryMax: 0, join: ["a", "b"], tags: { x: "1", y: "2" } });
});

test("what no source gives takes its default, and the result is frozen", () => {
  const options = resolveOptions(declarations, { retryMax: 9 });
  expect(options).toMatchObject({ retryMax: 9, intervalMs: 30_000, compression: true });
  expect(Object.isFrozen(options)).toBe(true);
  expect(() => resolveOptions(declarations, { retryMax: 101 })).toThrow('option "retryMax" must be an integer');
  expect(() => resolveOptions(declarations, { nope: 1 } as object)).toThrow('unknown option "nope"');
});

test("a mistyped word finds the one that was meant, a strange one finds none", () => {
  const known = ["start_join", "retry_join", "tags", "node_name"];
  expect(nearestWord("retry_jion", known)).toBe("retry_join");
  expect(nearestWord("Tag", known)).toBe("tags");
  expect(nearestWord("nodename", known)).toBe("node_name");
  expect(nearestWord("colour", known)).toBeUndefined();
  expect(nearestWord("", known)).toBeUndefined();
});
