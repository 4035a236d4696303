/** Files written for other programs, on a real disk: the old or the new content, whole, and only where it changes. */

import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { writeFileChecked } from "../../src/plugins/shared/checked-file.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "serf-ts-file-"));
  folders.push(folder);
  return folder;
}

test("a new file has its content and mode, and nothing is left beside it", async () => {
  const folder = await newFolder();
  const path = join(folder, "new.cfg");
  expect(await writeFileChecked({ path, content: "a\n", mode: 0o640 })).toEqual({ kind: "written" });
  expect([await readFile(path, "utf8"), (await stat(path)).mode & 0o777]).toEqual(["a\n", 0o640]);
  expect(await readdir(folder)).toEqual(["new.cfg"]);
});

test("the same content again is not written, nor checked; another mode is", async () => {
  const path = join(await newFolder(), "same.cfg");
  await writeFileChecked({ path, content: "a" });
  const { ino } = await stat(path);
  const check = async () => "never asked";
  expect(await writeFileChecked({ path, content: "a", check })).toEqual({ kind: "unchanged" });
  expect((await stat(path)).ino).toBe(ino);
  expect(await writeFileChecked({ path, content: "a", mode: 0o600 })).toEqual({ kind: "written" });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("the check sees the new content beside the old, and a problem keeps the old", async () => {
  const folder = await newFolder();
  const path = join(folder, "haproxy.cfg");
  await writeFile(path, "old");
  await chmod(path, 0o604);
  const check = async (temporary: string) => {
    expect([await readFile(temporary, "utf8"), await readFile(path, "utf8")]).toEqual(["new", "old"]);
    expect(temporary).toMatch(/\.cfg$/);
    return "line 1: no";
  };
  expect(await writeFileChecked({ path, content: "new", check })).toEqual({ kind: "refused", problem: "line 1: no" });
  expect(await readFile(path, "utf8")).toBe("old");
  expect(await writeFileChecked({ path, content: "new" })).toEqual({ kind: "written" });
  expect((await stat(path)).mode & 0o777).toBe(0o604);
  expect(await readdir(folder)).toEqual(["haproxy.cfg"]);
});

test("a check that throws leaves nothing behind either", async () => {
  const folder = await newFolder();
  const check = () => Promise.reject(new Error("no such program"));
  await expect(writeFileChecked({ path: join(folder, "x"), content: "", check })).rejects.toThrow("no such program");
  expect(await readdir(folder)).toEqual([]);
});

test("a link stays one, and its target is replaced", async () => {
  const folder = await newFolder();
  await writeFile(join(folder, "target"), "old");
  await symlink("target", join(folder, "link"));
  await writeFileChecked({ path: join(folder, "link"), content: "new" });
  expect(await readFile(join(folder, "target"), "utf8")).toBe("new");
  expect((await readdir(folder)).sort()).toEqual(["link", "target"]);
});

test("a file written in place keeps its inode", async () => {
  const path = join(await newFolder(), "hosts");
  await writeFile(path, "a longer old text");
  const { ino } = await stat(path);
  await writeFileChecked({ path, content: "new", inPlace: true });
  expect([await readFile(path, "utf8"), (await stat(path)).ino]).toEqual(["new", ino]);
});

test("a folder that is missing is a failure that names it", async () => {
  await expect(writeFileChecked({ path: "/no/such/folder/file", content: "" })).rejects.toThrow("/no/such/folder");
});
