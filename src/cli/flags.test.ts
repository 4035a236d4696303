import { describe, expect, test } from "vitest";
import { boolean, integer, type OptionType, text, texts } from "../base/options.ts";
import { parseFlags } from "./flags.ts";

const secret: OptionType<string> = {
  name: "secret",
  isSecret: true,
  readText: (given) => ({ value: given }),
  check: () => ({ problem: "must be longer" }),
};

const declarations = {
  coalesce: { type: boolean(), default: true, doc: "", flag: "coalesce" },
  address: { type: text(), default: "", doc: "", flag: "rpc-addr" },
  join: { type: texts(), default: [], doc: "", flag: "join", flagAlias: "also" },
  max: { type: integer(0, 9), default: 0, doc: "", flag: "max" },
  key: { type: secret, default: "", doc: "", flag: "key" },
  hidden: { type: text(), default: "", doc: "" },
};

const parse = (...args: string[]) => parseFlags(declarations, args);

describe("flags", () => {
  test("take their value after an equals sign or as the next argument, with one dash or two", () => {
    for (const args of [["-rpc-addr=a:1"], ["--rpc-addr=a:1"], ["-rpc-addr", "a:1"], ["--rpc-addr", "a:1"]]) {
      expect(parse(...args)).toEqual({ given: { address: "a:1" }, rest: [] });
    }
  });

  test("keep equals signs and line breaks in a value", () => {
    expect(parse("-rpc-addr=a=b\nc", "x")).toEqual({ given: { address: "a=b\nc" }, rest: ["x"] });
  });

  test("take the next argument whatever it looks like", () => {
    expect(parse("-rpc-addr", "-coalesce")).toEqual({ given: { address: "-coalesce" }, rest: [] });
  });

  test("leave the next argument alone if they are switches (detail 19)", () => {
    expect(parse("-coalesce", "false")).toEqual({ given: { coalesce: true }, rest: ["false"] });
    expect(parse("-coalesce=false", "x")).toEqual({ given: { coalesce: false }, rest: ["x"] });
    for (const yes of ["1", "t", "T", "TRUE", "true", "True"])
      expect(parse(`-coalesce=${yes}`)).toMatchObject({ given: { coalesce: true } });
    for (const no of ["0", "f", "F", "FALSE", "false", "False"])
      expect(parse(`-coalesce=${no}`)).toMatchObject({ given: { coalesce: false } });
  });

  test("gather repeated lists, and let the last of repeated texts stand", () => {
    expect(parse("-join=a", "--also", "b", "-join", "c")).toEqual({ given: { join: ["a", "b", "c"] }, rest: [] });
    expect(parse("-rpc-addr=a", "-rpc-addr=b")).toEqual({ given: { address: "b" }, rest: [] });
  });

  test("end at the first argument that is none", () => {
    expect(parse("-coalesce", "name", "-coalesce=false")).toEqual({
      given: { coalesce: true },
      rest: ["name", "-coalesce=false"],
    });
    expect(parse("-", "-coalesce")).toEqual({ given: {}, rest: ["-", "-coalesce"] });
    expect(parse("--", "-coalesce")).toEqual({ given: {}, rest: ["-coalesce"] });
  });

  test.each([
    [["-nope"], "flag provided but not defined: -nope"],
    [["--nope=1"], "flag provided but not defined: -nope"],
    [["-hidden=1"], "flag provided but not defined: -hidden"],
    [["-rpc-addr"], "flag needs an argument: -rpc-addr"],
    [["---x"], "bad flag syntax: ---x"],
    [["-=x"], "bad flag syntax: -=x"],
    [["-coalesce=maybe"], 'invalid boolean value "maybe" for -coalesce: parse error'],
    [["-key=mistyped"], "invalid value for flag -key: must be longer"],
    [["-max=x"], 'invalid value "x" for flag -max: must be an integer from 0 to 9, is "x"'],
  ])("are refused in Go's words: %j", (args, problem) => {
    expect(parse(...args)).toEqual({ problem });
  });
});
