/**
 * Programs on one machine that share a multicast group, on loopback. Linux has no IPv6 multicast there: test/interop/discovery.test.ts shows
 * it between hosts.
 */

import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { afterAll, describe, expect, test } from "vitest";
import { type LinkSender, MulticastLink } from "../../src/host/multicast-link.ts";
import { leasePort } from "../support/ports.ts";
import { waitFor } from "../support/wait-for.ts";

const [loopback] =
  Object.entries(networkInterfaces()).find(([, entries]) => entries?.some(({ internal }) => internal)) ?? [];
const group = { family: "ipv4", group: "224.0.0.251" } as const;

describe("a multicast group", () => {
  const links: MulticastLink[] = [];
  afterAll(() => Promise.all(links.map((link) => link.close())));

  async function join(port: number) {
    const link = await MulticastLink.open({ ...group, port, interfaceName: loopback ?? "" });
    links.push(link);
    const heard: { text: string; from: LinkSender }[] = [];
    link.listen((packet, from) => heard.push({ text: Buffer.from(packet).toString(), from }));
    return { link, heard };
  }

  test("has all programs that share the port hear what one asks, and that one hear the answers alone", async () => {
    const { port, release } = await leasePort();
    const [a, b, c] = [await join(port), await join(port), await join(port)];
    // Each becomes a member with its first question.
    for (const { link } of [c, b, a]) link.ask(Buffer.from("hello"));
    a.link.ask(Buffer.from("who?"));
    for (const { heard } of [b, c])
      await waitFor(() => heard.some(({ text }) => text === "who?"), { what: "the question to arrive" });
    const { from } = b.heard.find(({ text }) => text === "who?")!;
    expect(from).toMatchObject({ isThisMachine: true });
    expect(from.port).not.toBe(port);
    b.link.answer(Buffer.from("me"), from);
    await waitFor(() => a.heard.some(({ text }) => text === "me"), { what: "the answer to arrive" });
    expect(a.heard.map(({ text }) => text)).not.toContain("who?");
    expect(c.heard.map(({ text }) => text)).not.toContain("me");
    await release();
  });

  test("has all hear the answer to a question from the shared port", async () => {
    const { port, release } = await leasePort();
    const [a, b] = [await join(port), await join(port)];
    for (const { link } of [a, b]) link.ask(Buffer.from("hello"));
    a.link.answer(Buffer.from("all"), { address: "127.0.0.1", port, isThisMachine: true });
    await waitFor(() => b.heard.some(({ text, from }) => text === "all" && from.port === port), {
      what: "the answer to arrive",
    });
    await release();
  });

  test("cannot be joined where somebody holds the port alone", async () => {
    const { port, release } = await leasePort();
    const alone = createSocket("udp4");
    await new Promise<void>((resolve) => alone.bind(port, () => resolve()));
    await expect(join(port)).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringContaining(`port ${port}`),
    });
    await new Promise<void>((resolve) => alone.close(() => resolve()));
    await release();
  });

  test("has nobody to ask on an interface that is not there", async () => {
    const { port, release } = await leasePort();
    const link = await MulticastLink.open({ ...group, port, interfaceName: "none0" });
    links.push(link);
    expect(() => link.ask(Buffer.from("who?"))).toThrow(/network interface none0 has no IPv4 address/);
    await release();
  });
});
