import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PacketMessage } from "../../src/wire/messages.ts";
import { Cluster } from "./cluster.ts";
import { aliveMessage, aliveRecord, Puppet } from "./puppet.ts";

// Few names, addresses and incarnations, so that the messages contradict each other as often as they can.
const name = fc.constantFrom("n1", "a", "b", "c");
const address = fc.constantFrom("10.0.0.1", "10.0.1.2", "10.0.1.3");
const incarnation = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.constantFrom(0xffff_fffe, 0xffff_ffff));
const message: fc.Arbitrary<PacketMessage> = fc.oneof(
  fc.record({ kind: fc.constant("suspect" as const), incarnation, node: name, from: name }),
  fc.record({ kind: fc.constant("dead" as const), incarnation, node: name, from: name }),
  fc
    .tuple(name, address, incarnation, fc.uint8Array({ maxLength: 3 }))
    .map(([node, place, number, meta]) => aliveMessage(node, place, { incarnation: number, meta })),
  fc.uint8Array({ maxLength: 5 }).map((payload) => ({ kind: "user" as const, payload })),
);
const record = fc
  .tuple(
    name,
    address,
    incarnation,
    fc.constantFrom("alive" as const, "suspect" as const, "dead" as const, "left" as const),
  )
  .map(([node, place, number, state]) => aliveRecord(node, place, { incarnation: number, state }));

type Step =
  | { readonly kind: "packet"; readonly messages: readonly PacketMessage[] }
  | { readonly kind: "exchange"; readonly records: readonly ReturnType<typeof aliveRecord>[] }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.array(message, { minLength: 1, maxLength: 4 }).map((messages) => ({ kind: "packet" as const, messages })),
  fc.array(record, { maxLength: 4 }).map((records) => ({ kind: "exchange" as const, records })),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ kind: "bytes" as const, bytes })),
  fc.integer({ min: 1, max: 40_000 }).map((ms) => ({ kind: "wait" as const, ms })),
);

describe("whatever others say", () => {
  it("a node never throws, never holds itself for anything but alive, and its incarnation never falls", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
        const cluster = new Cluster();
        const { memberlist } = cluster.add();
        const puppet = new Puppet(cluster.network, "10.0.1.2");
        let before = 0;
        for (const item of steps) {
          if (item.kind === "packet") puppet.send("10.0.0.1", ...item.messages);
          else if (item.kind === "exchange") puppet.exchange("10.0.0.1", { nodes: item.records });
          else if (item.kind === "bytes") {
            puppet.sendRaw("10.0.0.1", item.bytes);
            puppet.openRaw("10.0.0.1", item.bytes);
          }
          cluster.run(item.kind === "wait" ? item.ms : 5);
          const self = memberlist.localMember;
          expect(self).toMatchObject({ state: "alive", address: "10.0.0.1" });
          expect(self.incarnation).toBeGreaterThanOrEqual(before);
          before = self.incarnation;
          expect(memberlist.allMembers().length).toBeLessThanOrEqual(4);
          expect(memberlist.aliveCount).toBe(memberlist.members().length);
        }
      }),
      { numRuns: 150, seed: 20 },
    );
  });
});
