import { describe, expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import type { QueryEvent } from "./events.ts";
import type { SerfMember } from "./member.ts";
import { encodeConflictResponse, NameVote } from "./name-vote.ts";
import type { QueryListener } from "./open-query.ts";

const versions = {
  protocolMin: 1,
  protocolMax: 5,
  protocolCurrent: 2,
  delegateMin: 2,
  delegateMax: 5,
  delegateCurrent: 5,
};

function memberAt(address: string): SerfMember {
  return { name: "self", address, port: 7946, tags: {}, status: "alive", versions };
}

const forUs = encodeConflictResponse(memberAt("10.0.0.1"));
const forOther = encodeConflictResponse(memberAt("10.0.0.2"));
const forNobody = encodeConflictResponse(undefined);

function createVote(known?: SerfMember) {
  const world = { asked: [] as QueryListener[], lines: [] as string[], shutdowns: 0 };
  const vote = new NameVote(
    {
      name: "self",
      endpoint: () => ({ address: "10.0.0.1", port: 7946 }),
      member: () => known,
      askConflict: (_payload, listener) => void world.asked.push(listener),
      shutdown: () => {
        world.shutdowns += 1;
      },
    },
    { enabled: () => true, log: (level, message) => void world.lines.push(`${level} ${message}`) },
  );
  return { vote, world };
}

/** What comes of a vote with these answers: its last log line, and whether the node shut down. */
function resultOf(...answers: readonly Uint8Array[]): string {
  const { vote, world } = createVote();
  vote.begin();
  for (const answer of answers) world.asked[0]?.responded?.("x", answer);
  world.asked[0]?.ended?.("timeout");
  return `${world.lines.at(-1)} ${world.shutdowns === 1 ? "out" : "stays"}`;
}

const stays = "INFO serf: majority in name conflict resolution";
const goes = "WARN serf: minority in name conflict resolution, quiting";

describe("a vote on a name", () => {
  test("is won by more than half, and lost with half, or without an answer", () => {
    expect(resultOf(forUs, forUs, forOther)).toBe(`${stays} [2 / 3] stays`);
    expect(resultOf(forUs)).toBe(`${stays} [1 / 1] stays`);
    expect(resultOf(forUs, forOther)).toBe(`${goes} [1 / 2] out`);
    expect(resultOf(forUs, forOther, forOther)).toBe(`${goes} [1 / 3] out`);
    expect(resultOf()).toBe(`${goes} [0 / 0] out`);
  });

  test("counts who knows nobody by the name against, and what cannot be read not at all", () => {
    expect(resultOf(forUs, forNobody)).toBe(`${goes} [1 / 2] out`);
    expect(resultOf(forUs, Uint8Array.of(5, 0xc0), Uint8Array.of(6, 0xc1), new Uint8Array(0))).toBe(
      `${stays} [1 / 1] stays`,
    );
  });

  test("is one at a time, and without a verdict if it was stopped", () => {
    const { vote, world } = createVote();
    vote.begin();
    vote.begin();
    expect(world.asked).toHaveLength(1);
    world.asked[0]?.ended?.("stopped");
    expect(world.lines).toEqual([]);
    vote.begin();
    expect(world.asked).toHaveLength(2);
  });

  test("of another node is answered with the member known by the name, but not by a party to it", () => {
    const answers: (Uint8Array | string)[] = [];
    const ask = (name: string): QueryEvent => ({
      kind: "query",
      lamportTime: 1,
      name: "_serf_conflict",
      payload: utf8Encode(name),
      sourceNode: name,
      timeoutMs: 1000,
      respond: (payload) => void answers.push(payload),
    });
    createVote(memberAt("10.0.0.2")).vote.answer(ask("other"));
    createVote().vote.answer(ask("other"));
    createVote(memberAt("10.0.0.2")).vote.answer(ask("self"));
    expect(answers).toEqual([forOther, forNobody]);
  });
});
