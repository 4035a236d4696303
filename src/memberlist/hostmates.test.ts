import { expect, test } from "vitest";
import { unknownVersions } from "../wire/versions.ts";
import { Directory } from "./directory.ts";
import { Hostmates } from "./hostmates.ts";
import { MemberTable } from "./member-table.ts";

const say = (name: string, address: string, port: number) =>
  ({ name, address, port, meta: new Uint8Array(0), versions: unknownVersions }) as const;

test("who lives at this node's address counts, from when it comes until it goes", () => {
  const table = new MemberTable(new Directory(), 10);
  const hostmates = new Hostmates(table, "self");
  const join = (name: string, address: string, port: number) => table.insert(say(name, address, port), 1, "alive", 0);
  join("b", "10.0.0.1", 2);
  expect(hostmates.count).toBe(0);
  join("self", "10.0.0.1", 1);
  join("elsewhere", "10.0.0.2", 1);
  expect(hostmates.count).toBe(1);
  const row = join("c", "10.0.0.1", 3);
  expect(hostmates.count).toBe(2);
  table.setState(row, "suspect", 1);
  expect(hostmates.count).toBe(2);
  table.setState(row, "dead", 2);
  expect(hostmates.count).toBe(1);
  table.setDescriptor(table.find("b"), say("b", "10.0.0.3", 2));
  expect(hostmates.count).toBe(0);
});
