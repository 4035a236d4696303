import fc from "fast-check";
import { expect, test } from "vitest";
import { MarkScanner } from "../../bench/rpc-socket.ts";

test("finds every mark in a stream, however its bytes are cut into chunks", () => {
  const piece = fc.oneof(
    fc.integer({ min: 0, max: 999 }).map((number) => `mark-${String(number).padStart(3, "0")}`),
    fc.constantFrom("m", "mark", "mark-", "-", "noise", "mmark"),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (pieces, cuts) => {
      const text = pieces.join("");
      const found: string[] = [];
      const scanner = new MarkScanner("mark-", 3, (suffix) => void found.push(suffix.toString()));
      for (let at = 0, cut = 0; at < text.length; at += cuts[cut++ % cuts.length]!) {
        scanner.feed(Buffer.from(text.slice(at, at + cuts[cut % cuts.length]!)));
      }
      expect(found).toEqual([...text.matchAll(/mark-(.{3})/g)].map(([, suffix]) => suffix));
    }),
  );
});
