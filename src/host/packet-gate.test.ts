import { describe, expect, test } from "vitest";
import { PacketGate } from "./packet-gate.ts";

class Socket {
  nowMs = 0;
  floods = 0;
  /** How often turns were told apart. */
  turns = 0;
  private endTurn: () => void = () => undefined;
  readonly gate = new PacketGate({
    afterTurn: (callback) => {
      this.endTurn = () => {
        this.endTurn = () => undefined;
        this.turns++;
        callback();
      };
    },
    nowMs: () => this.nowMs,
    flooded: () => void this.floods++,
  });

  /** A turn of the loop, of one millisecond, reads these packets. Returns who was admitted, a port a packet. */
  turn(packets: readonly string[]): string[] {
    this.nowMs += 1;
    const admitted = packets.filter((address) => this.gate.admits(address, 7946, this.nowMs));
    this.endTurn();
    return admitted;
  }

  /** So many turns, each as full as can be with packets of `flooder` and one of `other`; returns how many of either were admitted. */
  flood(turns: number, flooder: string, other = "other"): { flooder: number; other: number } {
    const all = Array.from({ length: turns }, () => this.turn([...Array<string>(31).fill(flooder), other])).flat();
    return {
      flooder: all.filter((address) => address === flooder).length,
      other: all.filter((address) => address === other).length,
    };
  }
}

describe("the gate of packets", () => {
  test("admits all while the socket is empty now and then", () => {
    const socket = new Socket();
    for (let round = 0; round < 20; round++) {
      expect(socket.flood(400, "flooder").flooder).toBe(400 * 31);
      socket.turn(["other"]);
    }
    expect(socket.floods).toBe(0);
  });

  test("tells no turns apart as long as few packets come, also if many come one by one", () => {
    const socket = new Socket();
    for (let round = 0; round < 1_000; round++) {
      socket.turn(Array<string>(16).fill("other"));
      socket.nowMs += 5;
    }
    expect(socket.turns).toBe(0);
    for (let round = 0; round < 320; round++) socket.turn(["other"]);
    expect(socket.turns).toBeLessThanOrEqual(20);
    expect(socket.floods).toBe(0);
  });

  test("in a flood a stranger gets no more than strangers' share, and known endpoints all they send", () => {
    const socket = new Socket();
    socket.gate.noteSent("other", 7946);
    socket.flood(501, "flooder");
    expect(socket.floods).toBe(1);
    // 31 packets of a known endpoint in each window of 31 turns; 64 of strangers in each.
    const { flooder, other } = socket.flood(1_000, "flooder");
    expect(flooder).toBeGreaterThanOrEqual(600);
    expect(flooder).toBeLessThanOrEqual(11 * 64);
    expect(other).toBeGreaterThanOrEqual(320);
  });

  test("a known endpoint that floods uses up its own share and no other's", () => {
    const socket = new Socket();
    for (const address of ["flooder", "other"]) socket.gate.noteSent(address, 7946);
    socket.flood(501, "flooder");
    const { flooder, other } = socket.flood(1_000, "flooder");
    expect(flooder).toBeLessThanOrEqual(11 * 32);
    expect(other).toBeGreaterThanOrEqual(320);
  });

  test("admits all again once there is little to refuse", () => {
    const socket = new Socket();
    socket.flood(600, "flooder");
    for (let turn = 0; turn < 200; turn++) socket.turn(["flooder"]);
    for (let turn = 0; turn < 300; turn++) expect(socket.turn(["flooder"])).toEqual(["flooder"]);
    socket.flood(600, "flooder");
    expect(socket.floods).toBe(2);
  });

  test("remembers a bounded number of endpoints, those of late", () => {
    const socket = new Socket();
    for (let number = 0; number < 20_000; number++) socket.gate.noteSent(`${number}`, 7946);
    socket.flood(501, "flooder");
    socket.flood(10, "flooder");
    expect(socket.turn(["0", "19999"])).toEqual(["19999"]);
  });
});
