/** What the documentation shows compiles, and prints what it says. */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { type DocumentedProgram, documentedPrograms } from "../support/documentation.ts";
import { useSandbox } from "../support/sandbox.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const programs = ["README.md", "docs/LIBRARY.md"].flatMap(documentedPrograms);

describe("the programs of the documentation", () => {
  const sandbox = useSandbox();
  let folder: string;
  const fileOf = (program: DocumentedProgram): string => join(folder, `${program.place.replaceAll(/[/:]/g, "-")}.ts`);

  beforeAll(async () => {
    folder = await sandbox.folder();
    const compilerOptions = {
      paths: { "serf-ts": [join(root, "src/index.ts")], "serf-ts/*": [join(root, "src/*/index.ts")] },
      typeRoots: [join(root, "node_modules/@types")],
      noUnusedLocals: false,
    };
    const settings = { extends: join(root, "tsconfig.json"), compilerOptions, include: ["."] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const program of programs) writeFileSync(fileOf(program), program.code);
  });

  test("are found", () => {
    expect(programs.length).toBeGreaterThan(12);
    expect(programs.filter(({ prints }) => prints !== undefined).length).toBeGreaterThan(5);
  });

  test("compile", async () => {
    const compiler = join(root, "node_modules/typescript/bin/tsc");
    const { stdout } = await run(process.execPath, [compiler, "-p", folder]).catch((error) => error);
    expect(stdout).toBe("");
  });

  describe.concurrent("print what is said", () => {
    test.each(programs.filter(({ prints }) => prints !== undefined))("$place", async (program) => {
      const loader = import.meta.resolve("tsx");
      const env = { ...process.env, TSX_TSCONFIG_PATH: join(folder, "tsconfig.json") };
      const { stdout, stderr } = await run(process.execPath, ["--import", loader, fileOf(program)], { env });
      expect(stderr).toBe("");
      // Lines of several nodes come in any order.
      expect(stdout.trimEnd().split("\n").sort()).toEqual([...program.prints!].sort());
    });
  });
});
