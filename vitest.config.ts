import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        // Fast and deterministic: no sleeps, no peers. Real sockets appear only in test/contracts, on loopback.
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/{tidy,contracts,properties,simulation}/**/*.test.ts"],
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // New seeds in each run, for a minute, on all cores: after all others.
        test: {
          name: "swarm",
          include: ["test/swarm/**/*.test.ts"],
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Real processes: our agent and Debian's, joined over loopback.
        test: {
          name: "interop",
          include: ["test/{interop,e2e}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          globalSetup: "test/support/global-setup.ts",
          // Where a machine stands still for seconds, as rented ones do, a deadline that holds otherwise is missed. What needed it is named at the end of a run.
          retry: 1,
          // They wait more than they work: two cores serve three.
          maxWorkers: 3,
          // After the fast ones, which would otherwise take the time that real processes need.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
