import { expect, test } from "vitest";
import { loadConfig } from "./config.ts";
import { rehearse } from "./rehearsal.ts";

const { config } = loadConfig({}, "a");

test("two agents tell each other, and a client of each, of all events but those that wait to be coalesced", async () => {
  const handshakesAndStreams = 4;
  const events = 12;
  const coalesced = 3;
  const toldAtLeast = 2 * (events - coalesced);
  expect(await rehearse(config)).toBeGreaterThanOrEqual(handshakesAndStreams + events + toldAtLeast);
});

test("listens nowhere and sends nothing", async () => {
  const sockets = () => process.getActiveResourcesInfo().filter((name) => /^(TCPServer|TCPSocket|UDP)/.test(name));
  const before = sockets();
  const rehearsal = rehearse(config);
  expect(sockets()).toEqual(before);
  await rehearsal;
  expect(sockets()).toEqual(before);
});

test("goes its way with options under which nothing of it can be sent", async () => {
  const { config: strict } = loadConfig(
    { userEventBytesMax: 1, eventsPerSecond: 1, dissemination: "timer", encryptKey: "" },
    "a",
  );
  await expect(rehearse(strict)).resolves.toBeGreaterThan(0);
});
