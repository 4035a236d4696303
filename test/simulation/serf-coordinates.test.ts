import { describe, expect, test } from "vitest";
import { distanceSeconds } from "../../src/coordinate/coordinate.ts";
import { SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

/** As `of` sees it. Undefined while it does not know both coordinates. */
function roundTripMs(of: SimulatedNode, one: string, other: string): number | undefined {
  const [a, b] = [of.serf.coordinate(one), of.serf.coordinate(other)];
  return a === undefined || b === undefined ? undefined : distanceSeconds(a, b) * 1000;
}

describe("network coordinates", () => {
  test("tell each node the round trip time between any two", () => {
    // Of a dozen seeds, four need more than these ten minutes: five nodes that start at one point part slowly, as the reference's do.
    const cluster = new SerfCluster(3, 20);
    const nodes = cluster.startJoined(5);
    cluster.network.run(10 * 60_000);
    for (const of of nodes)
      for (const one of nodes)
        for (const other of nodes)
          if (one !== other) expect(Math.abs(roundTripMs(of, one.name, other.name)! - 40)).toBeLessThan(6);
    expect(nodes[0]!.serf.stats()["coordinate_resets"]).toBe("0");
  });

  test("of a member that was forgotten are forgotten", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    cluster.expectSoon(() => a!.serf.coordinate(b!.name) !== undefined, "a probe");
    cluster.network.crash(b!.host);
    cluster.expectSoon(() => a!.serf.members().some(({ status }) => status === "failed"), "b fails");
    expect(a!.serf.coordinate(b!.name)).toBeDefined();
    cluster.settle((done) => a!.serf.forceLeave(b!.name, true, done));
    expect(a!.serf.members()).toHaveLength(1);
    expect(a!.serf.coordinate(b!.name)).toBeUndefined();
  });

  test("are neither sent nor kept by a node where they are off", () => {
    const cluster = new SerfCluster(1);
    const a = cluster.start("a");
    const off = cluster.start("off", { disableCoordinates: true });
    cluster.join(off, a);
    cluster.network.run(60_000);
    for (const name of ["a", "off"]) expect(off.serf.coordinate(name)).toBeUndefined();
    expect(a.serf.coordinate("off")).toBeUndefined();
    expect(a.serf.coordinate("a")).toBeDefined();
    expect(off.serf.stats()).not.toHaveProperty("coordinate_resets");
  });
});
