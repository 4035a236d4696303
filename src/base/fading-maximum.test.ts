import { expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { FadingMaximum } from "./fading-maximum.ts";

test("a maximum fades by half in each half-life, and gives way to what is larger by then", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock } = network.createHost({ address: "10.0.0.1" });
  const maximum = new FadingMaximum(clock, 1_000);
  expect(maximum.current).toBe(0);
  maximum.note(80);
  maximum.note(30);
  expect(maximum.current).toBe(80);
  network.run(2_000);
  expect(maximum.current).toBeCloseTo(20);
  maximum.note(10);
  expect(maximum.current).toBeCloseTo(20);
  maximum.note(30);
  network.run(1_000);
  expect(maximum.current).toBeCloseTo(15);
});
