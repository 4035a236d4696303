import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventOutbox } from "./event-outbox.ts";

function createOutbox() {
  const network = new SimulatedNetwork({ seed: 1 });
  const sent: number[] = [];
  const again: number[] = [];
  const host = network.createHost({ address: "10.0.0.1" });
  const outbox = new EventOutbox(host, {
    send: (message) => void sent.push(message[0]!),
    sendAgain: (message) => void again.push(message[0]!),
  });
  const put = (from: number, to: number) => {
    for (let index = from; index < to; index++) outbox.put(Uint8Array.of(index));
  };
  return { network, host, sent, again, outbox, put };
}

const range = (to: number) => Array.from({ length: to }, (_, index) => index);

describe("the outbox of events", () => {
  test("sends single ones at once, and once", () => {
    const { network, sent, again, put } = createOutbox();
    for (let index = 0; index < 20; index++) {
      put(index, index + 1);
      expect(sent).toHaveLength(index + 1);
      network.run(10);
    }
    network.run(1_000);
    expect(again).toEqual([]);
  });

  test("collects those of a burst for a moment, and sends all again twice, in order", () => {
    const { network, sent, again, put } = createOutbox();
    put(0, 40);
    expect(sent).toEqual(range(16));
    network.run(3);
    expect(sent).toEqual(range(40));
    network.run(13);
    expect(again).toEqual(range(40));
    network.run(20);
    expect(again).toEqual([...range(40), ...range(40)]);
    network.run(1_000);
    expect(again).toHaveLength(80);
  });

  test("repeats each event of a burst that goes on exactly twice", () => {
    const { network, again, put } = createOutbox();
    put(0, 17);
    for (let index = 17; index < 200; index++) {
      network.run(3);
      put(index, index + 1);
    }
    network.run(1_000);
    for (let index = 0; index < 200; index++) expect(again.filter((one) => one === index)).toHaveLength(2);
  });

  test("has no room for more than 64 until they have left", () => {
    const { network, outbox, put } = createOutbox();
    put(0, 16 + 63);
    expect(outbox.hasRoom).toBe(true);
    put(79, 80);
    expect(outbox.hasRoom).toBe(false);
    network.run(3);
    expect(outbox.hasRoom).toBe(true);
  });

  test("repeats once what has been late for both copies", () => {
    const { network, host, again, put } = createOutbox();
    put(0, 40);
    network.run(3);
    host.pause();
    network.run(100);
    host.resume();
    network.run(1_000);
    expect(again).toEqual(range(40));
  });

  test("holds nothing back when it is stopped", () => {
    const { network, sent, again, outbox, put } = createOutbox();
    put(0, 40);
    outbox.stop();
    expect(sent).toEqual(range(40));
    network.run(1_000);
    expect(again).toEqual([]);
  });
});
