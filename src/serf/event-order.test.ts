import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventOrder } from "./event-order.ts";

function createOrder(waitMs = 1_000, window = 512) {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock, timers } = network.createHost({ address: "10.0.0.1" });
  const told: string[] = [];
  const order = new EventOrder<string>({ waitMs, window }, clock, timers, (event) => void told.push(event));
  const take = (...times: number[]) => {
    for (const time of times) order.take(time, `${time}`, false);
  };
  return { network, order, told, take };
}

describe("the order of events", () => {
  test("begins with the first, and what comes in order is told at once", () => {
    const { told, take } = createOrder();
    take(7, 8, 9);
    expect(told).toEqual(["7", "8", "9"]);
  });

  test("has a first event not wait, whatever its time", () => {
    const { told, order, take } = createOrder();
    take(300, 301);
    order.settleBefore(400);
    take(400);
    expect(told).toEqual(["300", "301", "400"]);
  });

  test("is restored when what was missing comes", () => {
    const { told, take } = createOrder();
    take(1, 4, 3);
    expect(told).toEqual(["1"]);
    take(2);
    expect(told).toEqual(["1", "2", "3", "4"]);
  });

  test("is not waited for beyond the limit, and what comes later still is told then", () => {
    const { network, told, take } = createOrder();
    take(1, 4);
    network.run(500);
    take(6);
    network.run(499);
    expect(told).toEqual(["1"]);
    network.run(2);
    expect(told).toEqual(["1", "4"]);
    take(3, 2);
    network.run(60);
    expect(told).toEqual(["1", "4", "2", "3"]);
    network.run(500);
    expect(told).toEqual(["1", "4", "2", "3", "6"]);
  });

  test("holds nobody up whose event is far ahead", () => {
    const { told, take } = createOrder(1_000, 10);
    take(1, 5, 100);
    expect(told).toEqual(["1", "5"]);
    take(99, 98, 97, 96, 95, 94, 93, 92, 91, 90);
    expect(told).toEqual(["1", "5", "90", "91", "92", "93", "94", "95", "96", "97", "98", "99", "100"]);
  });

  test("does not matter to one's own, which others pass in their turn", () => {
    const { order, told, take } = createOrder();
    take(1);
    order.take(4, "own", true);
    take(3, 5);
    expect(told).toEqual(["1", "own"]);
    take(2);
    expect(told).toEqual(["1", "own", "2", "3", "5"]);
    expect(order.heldCount).toBe(0);
  });

  test("has everybody wait a moment while nodes send at the same times", () => {
    const { network, told, order, take } = createOrder();
    take(1);
    order.take(1, "1 of another", false);
    take(3);
    order.take(2, "2 of another", false);
    expect(told).toEqual(["1"]);
    network.run(20);
    // Lost at first, and sent again: were 3 told already, it would be late.
    take(2);
    network.run(60);
    expect(told).toEqual(["1", "1 of another", "2 of another", "2", "3"]);
    network.run(1_100);
    take(4);
    expect(told.at(-1)).toBe("4");
  });

  test("has everybody wait a moment where the first packet of one of several senders is lost", () => {
    const { network, told, order, take } = createOrder();
    const range = Array.from({ length: 16 }, (_, index) => index + 1);
    order.settleBefore(1);
    take(17);
    for (const time of range) order.take(time, `${time} of another`, false);
    expect(told).toEqual([]);
    network.run(12);
    take(...range);
    network.run(50);
    expect(told).toEqual([...range.flatMap((time) => [`${time} of another`, `${time}`]), "17"]);
  });

  test("has what comes late go before all that still waits, of whatever time", () => {
    const { network, told, order, take } = createOrder();
    take(1, 2);
    order.take(1, "1 of another", false);
    network.run(5);
    take(3);
    network.run(30);
    // Sent again: it would have waited longer than those after it.
    order.take(2, "2 of another", false);
    network.run(25);
    expect(told).toEqual(["1", "2", "1 of another", "2 of another", "3"]);
    expect(order.heldCount).toBe(0);
  });

  test("is not kept where that is switched off", () => {
    const { told, take } = createOrder(0);
    take(1, 3, 2);
    expect(told).toEqual(["1", "3", "2"]);
  });

  test("is kept of what waits when it is told at the end", () => {
    const { order, told, take } = createOrder();
    take(1, 9, 5);
    order.flush();
    expect(told).toEqual(["1", "5", "9"]);
  });

  test("survives a listener that sends an event", () => {
    const { clock, timers } = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
    const told: number[] = [];
    const order = new EventOrder<number>({ waitMs: 1_000, window: 512 }, clock, timers, (time) => {
      told.push(time);
      if (time === 2) order.take(4, 4, true);
    });
    for (const time of [1, 3, 2]) order.take(time, time, false);
    expect(told).toEqual([1, 2, 4, 3]);
  });
});
