/** `./serf` as a newcomer meets it: on a fresh clone, where nothing is installed or built. */

import { execFileSync, spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

describe("the launcher on a fresh clone", () => {
  let folder = "";
  let clone = "";

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "serf-ts-clone-"));
    clone = join(folder, "serf-ts");
    execFileSync("git", ["clone", "-q", root, clone]);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const serf = (...parameters: string[]) =>
    spawnSync(join(clone, "serf"), parameters, { encoding: "utf8", cwd: folder });

  test("installs, builds, and prints only the command's own output on stdout", () => {
    const { status, stdout, stderr } = serf("version");
    expect(stderr).toContain("installing dependencies");
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\nAgent Protocol: 5 \(Understands back to: 2\)\n$/);
    expect(status).toBe(0);
  });

  test("is silent once all is in order, also through a symbolic link", () => {
    symlinkSync(join(clone, "serf"), join(folder, "linked-serf"));
    const { stdout, stderr, status } = spawnSync(join(folder, "linked-serf"), ["version"], { encoding: "utf8" });
    expect([stderr, status]).toEqual(["", 0]);
    expect(stdout).toContain("Agent Protocol");
  });

  test("builds again when a source is newer than the build", () => {
    appendFileSync(join(clone, "src/cli/main.ts"), "\n");
    expect(serf("version").stderr).toContain("building");
    expect(serf("version").stderr).toBe("");
  });

  test("hands on the command's exit code and arguments", () => {
    expect(serf("no-such-command").status).toBe(127);
  });
});
