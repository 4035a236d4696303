import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hexEncode } from "../base/bytes.ts";
import { decodeSerfMessage, encodeSerfMessage } from "./messages.ts";
import { decideAddressed, encodeFilters, selectAddressed } from "./query-filter.ts";

const web = { name: "web-1", tags: { role: "web", zone: "eu" } };
const db = { name: "db-1", tags: { role: "db" } };

const anyQuery = {
  kind: "query",
  lamportTime: 1,
  id: 1,
  address: "10.0.0.1",
  port: 7946,
  sourceNode: "web-1",
  flags: 0,
  relayFactor: 0,
  timeoutNs: 1,
  name: "load",
  payload: new Uint8Array(0),
} as const;

/** Bytes that begin as a filter does. */
const taggedBytes = fc
  .tuple(fc.nat(1), fc.uint8Array({ maxLength: 64 }))
  .map(([type, rest]) => Uint8Array.of(type, ...rest));

function filtersOf(nodes: readonly string[], tags: Readonly<Record<string, string>> = {}): readonly Uint8Array[] {
  return encodeFilters({ nodes, tags }) ?? [];
}

describe("filters of a query", () => {
  test("are written as the reference writes them, and none is nil", () => {
    expect(filtersOf(["a", "b"]).map(hexEncode)).toEqual(["0092a161a162"]);
    expect(filtersOf([], { role: "web.*" }).map(hexEncode)).toEqual(["0182a445787072a57765622e2aa3546167a4726f6c65"]);
    expect(encodeFilters({ nodes: [], tags: {} })).toBeUndefined();
  });

  test("by name let those through that are named", () => {
    expect(decideAddressed(filtersOf(["web-1", "web-2"]), web)).toBe(true);
    expect(decideAddressed(filtersOf(["web-2"]), web)).toBe(false);
  });

  test("by tag match anywhere in the value, unless anchored", () => {
    expect(decideAddressed(filtersOf([], { role: "e" }), web)).toBe(true);
    expect(decideAddressed(filtersOf([], { role: "^e" }), web)).toBe(false);
    expect(decideAddressed(filtersOf([], { role: "^(?i)WEB$", zone: "[[:alpha:]]{2}" }), web)).toBe(true);
  });

  test("take a tag that is not there for empty, also one that every object has", () => {
    expect(decideAddressed(filtersOf([], { zone: "^$" }), db)).toBe(true);
    expect(decideAddressed(filtersOf([], { constructor: "^$", toString: "^$" }), db)).toBe(true);
  });

  test("must all match", () => {
    expect(decideAddressed(filtersOf(["web-1"], { role: "db" }), web)).toBe(false);
    expect(selectAddressed(filtersOf([], { role: "web|db", zone: "^$" }), [web, db])).toEqual([db]);
  });

  test("that make no sense say why, and are for nobody", () => {
    const problemOf = (...filters: Uint8Array[]) => decideAddressed(filters, web);
    expect(problemOf(...filtersOf([], { role: "(" }))).toEqual({
      problem: "failed to compile filter regex ((): error parsing regexp: missing closing ): `(`",
    });
    expect(problemOf(Uint8Array.of(7))).toEqual({ problem: "query has unrecognized filter type: 7" });
    expect(problemOf(new Uint8Array(0))).toEqual({ problem: "query has unrecognized filter type: undefined" });
    expect(problemOf(Uint8Array.of(0, 0xc1))).toMatchObject({ problem: expect.stringContaining("filterNodeType") });
    expect(problemOf(Uint8Array.of(1, 0xc1))).toMatchObject({ problem: expect.stringContaining("filterTagType") });
    expect(selectAddressed(filtersOf([], { role: "(" }), [web, db])).toEqual([]);
  });

  test("take linear time whatever a stranger sends", () => {
    const hostile = filtersOf([], { role: "^(a+)+$", zone: "((a{20}){10}){10}" });
    const slow = { name: "x", tags: { role: `${"a".repeat(200)}!` } };
    expect(decideAddressed(hostile, slow)).toBe(false);
    expect(decideAddressed([hostile[1]!], slow)).toMatchObject({ problem: expect.stringContaining("repeat count") });
  });

  test("are refused where their expressions cost too much, alone or together", () => {
    const dear = filtersOf([], { role: `(?:${"a?".repeat(300)}){1000}` });
    expect(decideAddressed(dear, web)).toMatchObject({ problem: expect.stringContaining("too expensive") });
    expect(selectAddressed(dear, [web, db])).toEqual([]);
    const half = filtersOf([], { absent: `(?:${"a?".repeat(13)}){900}` });
    expect(decideAddressed(half, web)).toBe(true);
    expect(decideAddressed([...half, ...half], web)).toMatchObject({
      problem: expect.stringContaining("too expensive"),
    });
  });

  test("are refused where one is too long, or there are too many", () => {
    const long = new Uint8Array(65_537);
    expect(decideAddressed([long], web)).toEqual({ problem: "a filter of 65537 bytes" });
    const queryOf = (filters: number) =>
      encodeSerfMessage({ ...anyQuery, filters: Array.from({ length: filters }, () => Uint8Array.of(0)) });
    expect(decodeSerfMessage(queryOf(1_024))).toMatchObject({ kind: "query" });
    expect(decodeSerfMessage(queryOf(1_025))).toMatchObject({ reason: "too-large" });
  });

  test("never throw, whatever bytes they are", () => {
    const hostile = fc.array(fc.oneof(fc.uint8Array({ maxLength: 64 }), taggedBytes), { maxLength: 3 });
    fc.assert(
      fc.property(hostile, (filters) => {
        const verdict = decideAddressed(filters, web);
        expect(typeof verdict === "boolean" || typeof verdict.problem === "string").toBe(true);
      }),
    );
  });

  test("with an expression of any letters are a verdict or a problem", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40, unit: fc.constantFrom(..."ab(|)[]{}*+?^$.\\pL1,-:") }), (expression) => {
        decideAddressed(filtersOf([], { role: expression }), web);
      }),
    );
  });
});
