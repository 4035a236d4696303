import { describe, expect, test } from "vitest";
import { keepCompiledCode } from "./compiled-code.ts";

describe("what was compiled is kept", () => {
  test("in the user's cache folder", () => {
    expect(folderFor({ HOME: "/home/ada" })).toBe("/home/ada/.cache/serf-ts");
    expect(folderFor({ HOME: "/home/ada", XDG_CACHE_HOME: "/var/cache/ada" })).toBe("/var/cache/ada/serf-ts");
  });

  test("not in a folder that depends on where the command is run", () => {
    expect(folderFor({ HOME: "/home/ada", XDG_CACHE_HOME: "caches" })).toBe("/home/ada/.cache/serf-ts");
    expect(folderFor({ HOME: "." })).toBeUndefined();
  });

  test("nowhere for a user without a home", () => {
    expect(folderFor({})).toBeUndefined();
    expect(folderFor({ HOME: "", XDG_CACHE_HOME: "" })).toBeUndefined();
  });

  test("nowhere by a Node that cannot", () => {
    expect(() => keepCompiledCode({ HOME: "/home/ada" }, null)).not.toThrow();
  });
});

function folderFor(environment: NodeJS.ProcessEnv): string | undefined {
  let named: string | undefined;
  keepCompiledCode(environment, (folder) => {
    named = folder;
  });
  return named;
}
