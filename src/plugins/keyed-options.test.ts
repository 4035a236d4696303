import { describe, expect, test } from "vitest";
import { boolean, choice, durationMs, integer, pairs, text, texts } from "../base/options.ts";
import { readByKeys, viewOptions, withTexts } from "./keyed-options.ts";
import { records, secret } from "./option-types.ts";

const declarations = {
  waitMaxMs: { type: durationMs(0, 60_000), default: 5000, doc: "Longest wait." },
  mode: { type: choice("http", "tcp"), default: "http", doc: "Mode." },
  verbose: { type: boolean(), default: false, doc: "Says more." },
  servers: { type: texts(), default: [], doc: "Servers." },
  tags: { type: pairs(), default: {}, doc: "Tags." },
  token: { type: secret(text()), default: "", doc: "Token." },
  pools: {
    type: records({
      name: { type: text(), default: "", doc: "Name." },
      port: { type: integer(1, 65_535), default: 80, doc: "Port." },
      checkEveryMs: { type: durationMs(0, 60_000), default: 1000, doc: "Interval." },
      password: { type: secret(text()), default: "", doc: "Password." },
      headers: { type: secret(pairs()), default: {}, doc: "Headers." },
    }),
    default: [],
    doc: "Pools.",
  },
} as const;

describe("options by key", () => {
  test("come from texts as they are typed, and read back complete", () => {
    const stored = withTexts(declarations, { mode: "tcp", wait_max: "1s" }, [
      ["wait_max", "1m"],
      ["verbose", "true"],
      ["servers", "a"],
      ["servers", "b"],
      ["tags", "role=web"],
      ["pools", '[{"name": "web", "check_every": "2s"}]'],
      ["mode", ""],
    ]);
    expect(stored).toEqual({
      wait_max: "1m",
      verbose: true,
      servers: ["a", "b"],
      tags: { role: "web" },
      pools: [{ name: "web", check_every: "2s" }],
    });
    expect(readByKeys(declarations, stored)).toEqual({
      value: {
        waitMaxMs: 60_000,
        mode: "http",
        verbose: true,
        servers: ["a", "b"],
        tags: { role: "web" },
        token: "",
        pools: [{ name: "web", port: 80, checkEveryMs: 2000, password: "", headers: {} }],
      },
    });
  });

  test.each<[unknown, string]>([
    [[], "must be an object"],
    [{ wait_mx: "1s" }, 'unknown option "wait_mx", did you mean "wait_max"?'],
    [{ pools: {} }, "pools: must be a list of objects"],
    [{ pools: [{}, { port: 0 }] }, "pools: entry 2: port: must be an integer from 1 to 65535, is 0"],
    [{ pools: [{ prt: 1 }] }, 'pools: entry 1: unknown option "prt", did you mean "port"?'],
  ])("%j are refused", (json, problem) => {
    expect(readByKeys(declarations, json)).toEqual({ problem });
  });

  test("refuse texts that do not fit", () => {
    expect(() => withTexts(declarations, {}, [["mode", "udp"]])).toThrow("mode: must be one of http, tcp");
    expect(() => withTexts(declarations, {}, [["pools", "{"]])).toThrow("pools: must be a JSON list of objects");
    expect(() => withTexts({}, {}, [["a", "b"]])).toThrow('unknown option "a"; there are no options');
  });

  test.each([
    '[{"headers": {"Authorization": ["hush"]}}]',
    '[{"headers": "hush"}]',
    '[{"password": {"a": "hush"}}]',
    '[{"password": "hush]',
    '[{"password": hush}]',
    "hush",
  ])("tell of a wrong value without repeating a secret: %s", (pools) => {
    const refusal = () => withTexts(declarations, {}, [["pools", pools]]);
    expect(refusal).toThrow("pools: ");
    expect(refusal).not.toThrow("hush");
  });

  test("are shown with what is set, and never with a secret", () => {
    const views = viewOptions(declarations, {
      wait_max: "1m",
      token: "hush",
      pools: [{ name: "web", password: "hush" }, "wrong"],
    });
    expect(JSON.stringify(views)).not.toContain("hush");
    expect(views.find(({ key }) => key === "wait_max")).toMatchObject({ default: "5s", value: "1m", type: "duration" });
    expect(views.find(({ key }) => key === "token")).toMatchObject({ value: "(set)" });
    expect(views.find(({ key }) => key === "mode")).not.toHaveProperty("value");
    expect(views.find(({ key }) => key === "pools")).toMatchObject({
      value: [{ name: "web", password: "(set)" }, "wrong"],
      fields: [{ key: "name" }, { key: "port" }, { key: "check_every" }, { key: "password" }, { key: "headers" }],
    });
  });
});
