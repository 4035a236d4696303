import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import type { OpenedFile, Storage, StorageDone } from "../../src/base/host.ts";
import { FileStorage } from "../../src/host/file-storage.ts";
import { SimulatedNetwork } from "../../src/simulator/index.ts";
import { until } from "./worlds.ts";

interface StorageWorld {
  readonly storage: Storage;
  /** Of a file that can be written. */
  readonly path: string;
  /** Where no file can be. */
  readonly badPath: string;
  read(): string;
  write(text: string): void;
  until(condition: () => boolean): Promise<void>;
  close?(): void;
}

const worlds: Readonly<Record<string, () => StorageWorld>> = {
  files: () => {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-storage-"));
    const path = join(folder, "snapshot");
    return {
      storage: new FileStorage(),
      path,
      badPath: join(folder, "missing", "snapshot"),
      read: () => {
        expect(readdirSync(folder)).toEqual(["snapshot"]);
        return readFileSync(path, "utf8");
      },
      write: (text) => writeFileSync(path, text),
      until,
      close: () => rmSync(folder, { recursive: true }),
    };
  },
  simulated: () => {
    const network = new SimulatedNetwork({ seed: 1 });
    const { storage, disk } = network.createHost({ address: "10.0.0.1" });
    return {
      storage,
      path: "/data/snapshot",
      get badPath() {
        disk.isReadOnly = true;
        return "/data/snapshot";
      },
      read: () => utf8Decode(disk.read("/data/snapshot")!),
      write: (text) => disk.write("/data/snapshot", utf8Encode(text)),
      until: async (condition) => {
        if (!network.runUntil(condition, 10_000)) throw new Error(`not within 10 s: ${condition}`);
      },
    };
  },
};

describe.each(Object.entries(worlds))("storage contract: %s", (_name, createWorld) => {
  let world: StorageWorld;
  afterEach(() => world.close?.());

  function opened(): OpenedFile {
    const result = world.storage.open(world.path);
    if ("error" in result) throw new Error(result.error);
    return result;
  }

  /** Collects what writes report, in order. */
  function recordDone() {
    const results: string[] = [];
    const as =
      (what: string): StorageDone =>
      (error) =>
        results.push(error === undefined ? what : `${what}: ${error}`);
    return { results, as };
  }

  test("a file that is missing is created empty", () => {
    world = createWorld();
    expect(opened().content).toEqual(new Uint8Array(0));
    expect(world.read()).toBe("");
  });

  test("a file that is there is read whole, and stays as it is", () => {
    world = createWorld();
    world.write("one\ntwo");
    expect(utf8Decode(opened().content)).toBe("one\ntwo");
    expect(world.read()).toBe("one\ntwo");
  });

  test("a file that cannot be opened gives an error that names it", () => {
    world = createWorld();
    const { badPath } = world;
    expect(world.storage.open(badPath)).toEqual({
      error: expect.stringMatching(new RegExp(`^open ${badPath}: (no such file or directory|read-only file system)$`)),
    });
  });

  test("appends, syncs and replaces are done in the order of asking, and never synchronously", async () => {
    world = createWorld();
    world.write("old\n");
    const { file } = opened();
    const { results, as } = recordDone();
    file.append(utf8Encode("a\n"), as("append a"));
    file.append(utf8Encode("b\n"), as("append b"));
    file.sync(as("sync"));
    expect(results).toEqual([]);
    await world.until(() => results.length === 3);
    expect(results).toEqual(["append a", "append b", "sync"]);
    expect(world.read()).toBe("old\na\nb\n");

    file.append(utf8Encode("c\n"), as("append c"));
    file.replace(utf8Encode("new\n"), as("replace"));
    file.append(utf8Encode("d\n"), as("append d"));
    await world.until(() => results.length === 6);
    expect(results.slice(3)).toEqual(["append c", "replace", "append d"]);
    expect(world.read()).toBe("new\nd\n");
  });

  test("a write may be asked for from the end of another", async () => {
    world = createWorld();
    const { file } = opened();
    const { results, as } = recordDone();
    file.append(utf8Encode("a"), () => file.append(utf8Encode("b"), as("append b")));
    await world.until(() => results.length === 1);
    expect(world.read()).toBe("ab");
  });

  test("what was written is there for the next who opens it", async () => {
    world = createWorld();
    const { results, as } = recordDone();
    const first = opened();
    first.file.replace(utf8Encode("a\n"), as("replace"));
    first.file.append(utf8Encode("b\n"), as("append"));
    await world.until(() => results.length === 2);
    expect(utf8Decode(opened().content)).toBe("a\nb\n");
  });
});

describe("storage in files", () => {
  test("reports why a write failed, and writes again once it can", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-storage-"));
    const inner = mkdtempSync(join(folder, "inner-"));
    const path = join(inner, "snapshot");
    const storage = new FileStorage();
    const opened = storage.open(path);
    if ("error" in opened) throw new Error(opened.error);
    rmSync(inner, { recursive: true });
    const results: (string | undefined)[] = [];
    opened.file.append(utf8Encode("a"), (error) => results.push(error));
    opened.file.replace(utf8Encode("a"), (error) => results.push(error));
    await storage.settled();
    await until(() => results.length === 2);
    expect(results).toEqual([
      `open ${path}: no such file or directory`,
      `open ${path}.compact: no such file or directory`,
    ]);
    rmSync(folder, { recursive: true });
  });

  test("creates a file anew that was removed, and leaves none open in the end", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-storage-"));
    const storage = new FileStorage();
    const path = join(folder, "snapshot");
    const opened = storage.open(path);
    if ("error" in opened) throw new Error(opened.error);
    const append = () => new Promise<void>((resolve) => opened.file.append(utf8Encode("a\n"), () => resolve()));
    await append();
    rmSync(path);
    // It may be open still, for a second at most.
    for (const deadlineMs = performance.now() + 20_000; !existsSync(path) && performance.now() < deadlineMs; )
      await append();
    expect(readFileSync(path, "utf8")).toMatch(/^(a\n)+$/);
    const openFiles = () =>
      readdirSync("/proc/self/fd").map((fd) => {
        try {
          return readlinkSync(join("/proc/self/fd", fd));
        } catch {
          return undefined;
        }
      });
    await append();
    expect(openFiles()).toContain(path);
    await storage.settled();
    expect(openFiles()).not.toContain(path);
    rmSync(folder, { recursive: true });
  });

  test("a replacement that fails leaves the old content and no temporary file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "serf-ts-storage-"));
    const storage = new FileStorage();
    const path = join(folder, "snapshot");
    const opened = storage.open(path);
    if ("error" in opened) throw new Error(opened.error);
    rmSync(path);
    // A folder that is not empty cannot be replaced by a file.
    const keeper = mkdtempSync(join(folder, "keeper-"));
    writeFileSync(join(keeper, "x"), "");
    renameSync(keeper, path);
    const results: (string | undefined)[] = [];
    opened.file.replace(utf8Encode("a"), (error) => results.push(error));
    await until(() => results.length === 1);
    expect(results[0]).toMatch(/^rename .*snapshot\.compact: /);
    expect(readdirSync(folder)).toEqual(["snapshot"]);
    rmSync(folder, { recursive: true });
  });
});

describe("a simulated disk", () => {
  function createDisk() {
    const network = new SimulatedNetwork({ seed: 1 });
    const host = network.createHost({ address: "10.0.0.1" });
    const opened = host.storage.open("/f");
    if ("error" in opened) throw new Error(opened.error);
    const results: (string | undefined)[] = [];
    const done: StorageDone = (error) => void results.push(error);
    const text = () => utf8Decode(host.disk.read("/f")!);
    return { network, host, disk: host.disk, file: opened.file, results, done, text };
  }

  test("that is full takes what still fits of an append, and nothing of a replacement", () => {
    const { network, disk, file, results, done, text } = createDisk();
    disk.capacityBytes = 5;
    file.append(utf8Encode("abc"), done);
    file.append(utf8Encode("def"), done);
    file.replace(utf8Encode("x"), done);
    network.run(10);
    expect(results).toEqual([undefined, "write /f: no space left on device", "write /f: no space left on device"]);
    expect(text()).toBe("abcde");
  });

  test("loses what was under way in a crash, but for the torn part of the first write", () => {
    const { network, host, disk, file, results, done, text } = createDisk();
    disk.tornBytes = 2;
    file.append(utf8Encode("abc"), done);
    network.run(10);
    file.append(utf8Encode("def"), done);
    file.append(utf8Encode("ghi"), done);
    network.crash(host);
    network.run(10);
    expect(results).toEqual([undefined]);
    expect(text()).toBe("abcde");
    const successor = network.createHost({ address: "10.0.0.1" });
    expect(successor.disk).toBe(disk);
  });

  test("loses with the power what was not synced", () => {
    const { network, disk, file, done, text } = createDisk();
    file.append(utf8Encode("abc"), done);
    file.sync(done);
    file.append(utf8Encode("def"), done);
    network.run(10);
    disk.losePower(1);
    expect(text()).toBe("abcd");
    disk.losePower();
    expect(text()).toBe("abc");
  });
});
