import { describe, expect, test } from "vitest";
import { unknownVersions } from "../wire/versions.ts";
import { type Descriptor, Directory } from "./directory.ts";

function say(name: string, changes: Partial<Descriptor> = {}): Descriptor {
  return { name, address: "10.0.0.1", port: 7946, meta: Uint8Array.of(1, 2), versions: unknownVersions, ...changes };
}

describe("the directory", () => {
  test("holds what is said twice once", () => {
    const directory = new Directory();
    const first = directory.acquire(say("web"));
    const second = directory.acquire(say("web", { meta: Uint8Array.of(1, 2), versions: { ...unknownVersions } }));
    expect(second).toBe(first);
    expect(directory.descriptor(second)).toBe(directory.descriptor(first));
  });

  test.each<[string, Partial<Descriptor>]>([
    ["address", { address: "10.0.0.2" }],
    ["port", { port: 1 }],
    ["meta", { meta: Uint8Array.of(1, 3) }],
    ["length of meta", { meta: Uint8Array.of(1) }],
    ["versions", { versions: { ...unknownVersions, delegateCurrent: 4 } }],
  ])("tells apart what differs in %s, and keeps it under the same name", (_, changes) => {
    const directory = new Directory();
    const before = directory.acquire(say("web"));
    const after = directory.acquire(say("web", changes));
    expect(after).not.toBe(before);
    expect(directory.descriptor(after)).toMatchObject(changes);
    expect(directory.nameIdOfDescriptor(after)).toBe(directory.nameIdOfDescriptor(before));
    expect(directory.size).toBe(1);
  });

  test("forgets what nobody holds, and uses its numbers again", () => {
    const directory = new Directory();
    for (let i = 0; i < 1_000; i++) {
      const a = directory.acquire(say(`node ${i}`));
      const b = directory.acquire(say(`node ${i}`, { port: 1 }));
      directory.acquire(say(`node ${i}`));
      directory.release(a);
      expect(directory.nameIdOf(`node ${i}`)).toBe(0);
      directory.release(a);
      directory.release(b);
      expect(directory.nameIdOf(`node ${i}`)).toBe(-1);
      expect([a, b].toSorted()).toEqual([0, 1]);
    }
    expect([directory.size, directory.nameIdLimit]).toEqual([0, 1]);
  });

  test("objects to the use of what was released", () => {
    const directory = new Directory();
    const id = directory.acquire(say("web"));
    directory.release(id);
    expect(() => directory.descriptor(id)).toThrow("serf-ts bug");
    expect(() => directory.release(id)).toThrow("serf-ts bug");
  });
});
