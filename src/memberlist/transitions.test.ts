import { describe, expect, test } from "vitest";
import { serfVersions } from "../../test/support/members.ts";
import type { Alive, Dead, NodeState, NodeStateRecord, Suspect } from "../wire/messages.ts";
import {
  type AliveCircumstances,
  decideAlive,
  decideDead,
  decideSuspect,
  incarnationToRefute,
  isOldNews,
  type LocalNode,
  messageOfRecord,
} from "./transitions.ts";

const versions = { ...serfVersions, delegateCurrent: 4 };
const states: readonly NodeState[] = ["alive", "suspect", "dead", "left"];
const meta = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** "web" as this node, "me", knows it: alive under incarnation 5 at 10.0.0.2:7946, unless said otherwise. */
function known(changes: Partial<LocalNode> = {}): LocalNode {
  const place = { address: "10.0.0.2", port: 7946 };
  return { ...place, meta: meta("a"), versions, state: "alive", incarnation: 5, stateChangedMs: 1_000, ...changes };
}

function alive(changes: Partial<Alive> = {}): Alive {
  const place = { address: "10.0.0.2", port: 7946 };
  return { kind: "alive", node: "web", incarnation: 6, ...place, meta: meta("a"), versions, ...changes };
}

function around(changes: Partial<AliveCircumstances> = {}): AliveCircumstances {
  return {
    localName: "me",
    leaving: false,
    source: "heard",
    nowMs: 100_000,
    reclaimMs: 0,
    isAddressAllowed: () => true,
    veto: undefined,
    ...changes,
  };
}

describe("an alive message about another node", () => {
  test("introduces a member nobody knew", () => {
    expect(decideAlive(undefined, alive({ incarnation: 1 }), around())).toEqual({ kind: "new" });
  });

  test("introduces nobody under incarnation 0, which no node says of itself", () => {
    expect(decideAlive(undefined, alive({ incarnation: 0 }), around())).toMatchObject({
      kind: "ignore",
      reason: "old",
    });
  });

  test("introduces nobody from outside the allowed networks", () => {
    const verdict = decideAlive(undefined, alive(), around({ isAddressAllowed: () => false }));
    expect(verdict).toEqual({
      kind: "ignore",
      reason: "not-allowed",
      warning: "Rejected node web (10.0.0.2): 10.0.0.2 is not allowed",
    });
  });

  test("introduces a node of protocol 1, which tells no versions", () => {
    expect(decideAlive(undefined, alive({ versions: undefined }), around())).toEqual({ kind: "new" });
  });

  test.each(states)("is old with a lower or the same incarnation, whatever the member's state: %s", (state) => {
    for (const incarnation of [4, 5]) {
      const verdict = decideAlive(known({ state }), alive({ incarnation, meta: meta("b") }), around());
      expect(verdict).toEqual({ kind: "ignore", reason: "old" });
    }
  });

  test.each<[NodeState, string, string]>([
    ["alive", "a", "nothing"],
    ["alive", "b", "updated"],
    ["suspect", "a", "nothing"],
    ["suspect", "b", "updated"],
    ["dead", "a", "joined"],
    ["dead", "b", "joined"],
    ["left", "a", "joined"],
    ["left", "b", "joined"],
  ])(
    "with a higher incarnation about one that is %s, with meta %s where a was known, tells: %s",
    (state, text, change) => {
      expect(decideAlive(known({ state }), alive({ meta: meta(text) }), around())).toEqual({ kind: "update", change });
    },
  );

  test("tells nothing of versions alone, as the reference does not", () => {
    const verdict = decideAlive(known(), alive({ versions: { ...versions, delegateCurrent: 5 } }), around());
    expect(verdict).toEqual({ kind: "update", change: "nothing" });
  });

  test("counts about another node even while we leave, and even as a bootstrap", () => {
    expect(decideAlive(known(), alive(), around({ leaving: true })).kind).toBe("update");
    expect(decideAlive(known(), alive({ incarnation: 5 }), around({ source: "bootstrap" })).kind).toBe("ignore");
  });
});

describe("an alive message with versions nobody can speak", () => {
  test.each([
    [0, 5],
    [1, 0],
    [3, 2],
  ])("is ignored: from %i to %i", (protocolMin, protocolMax) => {
    const message = alive({ versions: { ...versions, protocolMin, protocolMax } });
    for (const local of [undefined, known()]) {
      const warning = `Ignoring an alive message for 'web' (10.0.0.2:7946) because protocol version(s) are wrong: ${protocolMin} <= 2 <= ${protocolMax} should be >0`;
      expect(decideAlive(local, message, around())).toEqual({ kind: "ignore", reason: "bad-versions", warning });
    }
  });
});

describe("the layer above's veto", () => {
  test("ignores the message, with its reason in the log", () => {
    const warning = "ignoring alive message for 'web': not one of us";
    for (const local of [undefined, known()]) {
      const verdict = decideAlive(local, alive(), around({ veto: () => "not one of us" }));
      expect(verdict).toEqual({ kind: "ignore", reason: "vetoed", warning });
    }
  });

  test("lets the message count when it has nothing against it", () => {
    expect(decideAlive(undefined, alive(), around({ veto: () => undefined })).kind).toBe("new");
  });

  test("cannot be asked about a node that tells no versions, which is therefore ignored", () => {
    const warning = "ignoring alive message for 'web' (10.0.0.2:7946) because Vsn is not present";
    const verdict = decideAlive(undefined, alive({ versions: undefined }), around({ veto: () => undefined }));
    expect(verdict).toEqual({ kind: "ignore", reason: "bad-versions", warning });
  });

  test("is not asked about ourselves while we leave, nor about versions nobody can speak", () => {
    const veto = (): string => {
      throw new Error("asked");
    };
    decideAlive(known(), alive({ node: "me" }), around({ veto, leaving: true }));
    decideAlive(known(), alive({ versions: { ...versions, protocolMin: 0 } }), around({ veto }));
  });
});

describe("an alive message from another address", () => {
  const moves: readonly [string, Partial<Alive>][] = [
    ["another address", { address: "10.0.0.3" }],
    ["another port", { port: 7947 }],
  ];

  test.each(moves)("is a conflict while the member is alive or suspect: %s", (_, move) => {
    for (const state of ["alive", "suspect"] as const) {
      const verdict = decideAlive(known({ state }), alive({ ...move, incarnation: 99 }), around({ reclaimMs: 1 }));
      expect(verdict).toEqual({ kind: "conflict" });
    }
  });

  test("is a conflict even if it is old", () => {
    expect(decideAlive(known(), alive({ port: 1, incarnation: 1 }), around()).kind).toBe("conflict");
  });

  test.each(moves)("takes over the name of one that left, at once, and with any incarnation: %s", (_, move) => {
    for (const incarnation of [1, 5, 6]) {
      const verdict = decideAlive(known({ state: "left" }), alive({ ...move, incarnation }), around());
      expect(verdict).toEqual({ kind: "reclaim" });
    }
  });

  test.each<[number, number, string]>([
    [0, 1_000_000, "conflict"],
    [5_000, 6_000, "conflict"],
    [5_000, 6_001, "reclaim"],
  ])("about a name that died at 1 s, reclaimed after %i ms, is at %i ms a %s", (reclaimMs, nowMs, kind) => {
    const verdict = decideAlive(
      known({ state: "dead" }),
      alive({ port: 1, incarnation: 1 }),
      around({ reclaimMs, nowMs }),
    );
    expect(verdict).toEqual({ kind });
  });

  test("is ignored if that address is not allowed", () => {
    const verdict = decideAlive(
      known({ state: "left" }),
      alive({ address: "1.2.3.4" }),
      around({ isAddressAllowed: (address) => address !== "1.2.3.4" }),
    );
    expect(verdict).toMatchObject({ kind: "ignore", reason: "not-allowed" });
  });

  test("is not held against the allowed networks where the address stays, so that a known member stays one", () => {
    expect(decideAlive(known(), alive(), around({ isAddressAllowed: () => false })).kind).toBe("update");
  });

  test("is a conflict about our own name, too", () => {
    expect(decideAlive(known(), alive({ node: "me", port: 1 }), around()).kind).toBe("conflict");
  });
});

describe("an alive message about ourselves", () => {
  const aboutMe = (changes: Partial<Alive> = {}): Alive => alive({ node: "me", ...changes });

  test("is our own announcement: new at the start, an update later", () => {
    const own = around({ source: "bootstrap" });
    expect(decideAlive(undefined, aboutMe({ incarnation: 1 }), own)).toEqual({ kind: "new" });
    expect(decideAlive(known(), aboutMe({ meta: meta("b") }), own)).toEqual({ kind: "update", change: "updated" });
    expect(decideAlive(known(), aboutMe({ incarnation: 5 }), own)).toEqual({ kind: "update", change: "nothing" });
    expect(decideAlive(known(), aboutMe({ incarnation: 4 }), own)).toEqual({ kind: "ignore", reason: "old" });
  });

  test("introduces us to nobody before we announced ourselves", () => {
    expect(decideAlive(undefined, aboutMe(), around())).toEqual({ kind: "ignore", reason: "unknown" });
  });

  test("is ignored while we leave, or it would make us a member again", () => {
    for (const source of ["heard", "bootstrap"] as const) {
      const verdict = decideAlive(known(), aboutMe({ incarnation: 99 }), around({ leaving: true, source }));
      expect(verdict).toEqual({ kind: "ignore", reason: "leaving" });
    }
  });

  test("is old with a lower incarnation", () => {
    expect(decideAlive(known(), aboutMe({ incarnation: 4, meta: meta("b") }), around())).toMatchObject({
      reason: "old",
    });
  });

  test("is old with the same incarnation and the same content: our own words came back", () => {
    expect(decideAlive(known(), aboutMe({ incarnation: 5 }), around())).toEqual({ kind: "ignore", reason: "old" });
  });

  test.each<[string, Partial<Alive>]>([
    ["other meta", { meta: meta("b") }],
    ["other versions", { versions: { ...versions, delegateMax: 4 } }],
    ["no versions", { versions: undefined }],
  ])("is refuted with the same incarnation but %s: what we said before a restart", (_, changes) => {
    const verdict = decideAlive(known(), aboutMe({ incarnation: 5, ...changes }), around());
    expect(verdict).toEqual({ kind: "refute", accused: 5 });
  });

  test("is refuted with a higher incarnation, even if it says the same", () => {
    expect(decideAlive(known(), aboutMe({ incarnation: 9 }), around())).toEqual({ kind: "refute", accused: 9 });
  });
});

describe("a suspicion", () => {
  const suspect = (changes: Partial<Suspect> = {}): Suspect => {
    return { kind: "suspect", node: "web", incarnation: 5, from: "db", ...changes };
  };
  const here = { localName: "me", leaving: false };

  test.each<[string, LocalNode | undefined, Partial<Suspect>, object]>([
    ["of an unknown node is ignored", undefined, {}, { kind: "ignore", reason: "unknown" }],
    ["with a lower incarnation is old", known(), { incarnation: 4 }, { kind: "ignore", reason: "old" }],
    ["with the same incarnation counts", known(), {}, { kind: "suspect" }],
    ["with a higher incarnation counts", known(), { incarnation: 6 }, { kind: "suspect" }],
    ["of a suspect confirms", known({ state: "suspect" }), {}, { kind: "confirm" }],
    [
      "with a higher incarnation of a suspect confirms",
      known({ state: "suspect" }),
      { incarnation: 6 },
      { kind: "confirm" },
    ],
    [
      "with a lower incarnation of a suspect is old",
      known({ state: "suspect" }),
      { incarnation: 4 },
      { kind: "ignore", reason: "old" },
    ],
    [
      "of one that is dead is ignored",
      known({ state: "dead" }),
      { incarnation: 6 },
      { kind: "ignore", reason: "gone" },
    ],
    ["of one that left is ignored", known({ state: "left" }), { incarnation: 6 }, { kind: "ignore", reason: "gone" }],
    ["of ourselves is refuted", known(), { node: "me" }, { kind: "refute", accused: 5 }],
    [
      "of ourselves with a higher incarnation is refuted above that",
      known(),
      { node: "me", incarnation: 8 },
      { kind: "refute", accused: 8 },
    ],
    [
      "of ourselves with a lower incarnation is old",
      known(),
      { node: "me", incarnation: 4 },
      { kind: "ignore", reason: "old" },
    ],
    [
      "of ourselves is ignored once we left",
      known({ state: "left" }),
      { node: "me" },
      { kind: "ignore", reason: "gone" },
    ],
  ])("%s", (_, local, changes, verdict) => {
    expect(decideSuspect(local, suspect(changes), here)).toEqual(verdict);
  });
});

describe("a death", () => {
  const dead = (changes: Partial<Dead> = {}): Dead => {
    return { kind: "dead", node: "web", incarnation: 5, from: "db", ...changes };
  };
  const failed = { kind: "gone", state: "dead" };
  const left = { kind: "gone", state: "left" };

  test.each<[string, LocalNode | undefined, Partial<Dead>, boolean, object]>([
    ["of an unknown node is ignored", undefined, {}, false, { kind: "ignore", reason: "unknown" }],
    ["with a lower incarnation is old", known(), { incarnation: 4 }, false, { kind: "ignore", reason: "old" }],
    ["with the same incarnation counts", known(), {}, false, failed],
    ["with a higher incarnation counts", known(), { incarnation: 6 }, false, failed],
    ["of a suspect counts", known({ state: "suspect" }), {}, false, failed],
    ["told by the node itself means that it left", known(), { from: "web" }, false, left],
    [
      "of a suspect told by the node itself means that it left",
      known({ state: "suspect" }),
      { from: "web" },
      false,
      left,
    ],
    [
      "of one that is dead is ignored",
      known({ state: "dead" }),
      { incarnation: 6 },
      false,
      { kind: "ignore", reason: "gone" },
    ],
    [
      "told by the node itself does not turn dead into left",
      known({ state: "dead" }),
      { from: "web" },
      false,
      { kind: "ignore", reason: "gone" },
    ],
    [
      "of one that left is ignored",
      known({ state: "left" }),
      { incarnation: 6 },
      false,
      { kind: "ignore", reason: "gone" },
    ],
    ["of another counts while we leave", known(), {}, true, failed],
    ["of ourselves is refuted", known(), { node: "me", incarnation: 7 }, false, { kind: "refute", accused: 7 }],
    [
      "of ourselves in our own name is refuted: it is from before a restart",
      known(),
      { node: "me", from: "me" },
      false,
      { kind: "refute", accused: 5 },
    ],
    [
      "of ourselves with a lower incarnation is old",
      known(),
      { node: "me", incarnation: 4 },
      false,
      { kind: "ignore", reason: "old" },
    ],
    ["of ourselves in our own name while we leave is our leave", known(), { node: "me", from: "me" }, true, left],
    ["of ourselves told by others while we leave is not refuted", known(), { node: "me" }, true, failed],
  ])("%s", (_, local, changes, leaving, verdict) => {
    expect(decideDead(local, dead(changes), { localName: "me", leaving })).toEqual(verdict);
  });
});

describe("the incarnation of a refutation", () => {
  test.each([
    [5, 5, 6],
    [5, 3, 6],
    [5, 9, 10],
    [0, 0, 1],
    [5, 0xffff_fffe, 0xffff_ffff],
    [5, 0xffff_ffff, 0xffff_ffff],
    [0xffff_ffff, 3, 0xffff_ffff],
  ])("of %i accused under %i is %i", (current, accused, incarnation) => {
    expect(incarnationToRefute(current, accused)).toBe(incarnation);
  });
});

describe("an entry of a state exchange", () => {
  const record = (changes: Partial<NodeStateRecord> = {}): NodeStateRecord => {
    const { kind: _kind, node: name, ...rest } = alive();
    return { name, ...rest, state: "alive", ...changes };
  };

  test.each<[NodeState, object]>([
    ["alive", alive()],
    ["suspect", { kind: "suspect", node: "web", incarnation: 6, from: "me" }],
    ["dead", { kind: "suspect", node: "web", incarnation: 6, from: "me" }],
    ["left", { kind: "dead", node: "web", incarnation: 6, from: "web" }],
  ])("that says %s amounts to a message", (state, message) => {
    expect(messageOfRecord(record({ state }), "me")).toEqual(message);
  });

  test("is old news only where the message it amounts to would be ignored, and always where nothing differs", () => {
    for (const [state, localState, incarnation, address, node, text] of combinations()) {
      const entry = record({ state, incarnation, address, name: node, meta: meta(text) });
      const local = known({ state: localState });
      const message = messageOfRecord(entry, "me");
      const verdict =
        message.kind === "alive"
          ? decideAlive(local, message, around())
          : message.kind === "suspect"
            ? decideSuspect(local, message, around())
            : decideDead(local, message, around());
      const oldNews = isOldNews(
        entry.state,
        entry.incarnation,
        localState,
        local.incarnation,
        address === local.address,
        node === "me",
      );
      if (oldNews) expect(verdict.kind).toBe("ignore");
      const nothingDiffers = state === localState && incarnation === 5 && address === local.address && node !== "me";
      if (nothingDiffers && state !== "suspect") expect(oldNews).toBe(true);
    }
  });

  function combinations() {
    return states.flatMap((state) =>
      states.flatMap((localState) =>
        [4, 5, 6].flatMap((incarnation) =>
          ["10.0.0.2", "10.0.0.3"].flatMap((address) =>
            ["web", "me"].flatMap((node) =>
              ["a", "b"].map((text) => [state, localState, incarnation, address, node, text] as const),
            ),
          ),
        ),
      ),
    );
  }
});
