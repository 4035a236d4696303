/** Files that an operator put behind symbolic links, to keep them on another disk: they are replaced where they are, and the links stay. */

import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { utf8Encode } from "../../src/base/bytes.ts";
import { FileStorage } from "../../src/host/file-storage.ts";
import { followLinks } from "../../src/host/follow-links.ts";
import { writeFileWhole } from "../../src/host/write-file.ts";

let folder = "";
let link = "";
let target = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-links-"));
  mkdirSync(join(folder, "etc"));
  mkdirSync(join(folder, "disk"));
  link = join(folder, "etc", "file");
  target = join(folder, "disk", "file");
  // Relative, and by way of another link.
  symlinkSync("../etc/second", link);
  symlinkSync(target, join(folder, "etc", "second"));
});

afterEach(() => rmSync(folder, { recursive: true }));

function expectReplaced(content: string): void {
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(lstatSync(target).isSymbolicLink()).toBe(false);
  expect(readFileSync(target, "utf8")).toBe(content);
  expect(readdirSync(join(folder, "etc"))).toEqual(["file", "second"]);
  expect(readdirSync(join(folder, "disk"))).toEqual(["file"]);
}

describe.each([true, false])("a file behind a link (that is there: %s)", (exists) => {
  beforeEach(() => {
    if (exists) writeFileSync(target, "old");
  });

  test("is written whole where it is, as tags and keyring files are", () => {
    expect(writeFileWhole(link, "new", 0o600)).toBeUndefined();
    expectReplaced("new");
  });

  test("is replaced where it is, as a snapshot that is compacted", async () => {
    const storage = new FileStorage();
    const opened = storage.open(link);
    if ("error" in opened) throw new Error(opened.error);
    const done = new Promise((resolve) => opened.file.replace(utf8Encode("new"), resolve));
    expect(await done).toBeUndefined();
    expectReplaced("new");
  });
});

test("a link to itself is an error like any other, and harms nothing", () => {
  const loop = join(folder, "loop");
  symlinkSync(loop, loop);
  expect(followLinks(loop)).toBe(loop);
  expect(followLinks(target)).toBe(target);
});
