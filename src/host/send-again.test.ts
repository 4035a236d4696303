import { expect, test } from "vitest";
import { sendAgainIfRefused } from "./send-again.ts";

/** A socket whose sends have these outcomes, one after another, and then succeed. */
function socketWith(...codes: (string | null)[]) {
  const sent: string[] = [];
  const send = (packet: Uint8Array, port: number, address: string, done: (error: Error | null) => void) => {
    const code = codes.shift() ?? null;
    if (code === null) sent.push(`${Buffer.from(packet)} to ${address}:${port}`);
    done(code === null ? null : Object.assign(new Error(code), { code }));
  };
  const failures: string[] = [];
  const run = () =>
    sendAgainIfRefused(
      () => ({ send }) as never,
      Buffer.from("ping"),
      7946,
      "10.0.0.1",
      ({ code }) => failures.push(`${code}`),
    );
  return { sent, failures, run };
}

test("a packet that pays for the refusal of an earlier one is sent again", () => {
  const { sent, failures, run } = socketWith("ECONNREFUSED", "ECONNREFUSED");
  run();
  expect([sent, failures]).toEqual([["ping to 10.0.0.1:7946"], []]);
});

test("any other error is told at once", () => {
  const { sent, failures, run } = socketWith("EMSGSIZE");
  run();
  expect([sent, failures]).toEqual([[], ["EMSGSIZE"]]);
});

test("a packet that is refused again and again is given up", () => {
  const { sent, failures, run } = socketWith(...new Array<string>(10).fill("ECONNREFUSED"));
  run();
  expect([sent, failures]).toEqual([[], ["ECONNREFUSED"]]);
});
