import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { parseResolverFile, parseServer, Resolvers } from "./resolvers.ts";

test("the name servers of a host are those of its file, in their order, eight at most", () => {
  const text =
    "# nameserver 1.1.1.1\nsearch lan\nnameserver 10.0.0.2\n nameserver\tfd00::2 \nnameserver lan\noptions edns0\n";
  expect(parseResolverFile(text)).toEqual([
    { address: "10.0.0.2", port: 53 },
    { address: "fd00::2", port: 53 },
  ]);
  expect(parseResolverFile("nameserver 10.0.0.2\n".repeat(20))).toHaveLength(8);
});

test.each([
  ["10.0.0.2", { address: "10.0.0.2", port: 53 }],
  ["10.0.0.2:5353", { address: "10.0.0.2", port: 5353 }],
  ["::1", { address: "::1", port: 53 }],
  ["[::1]:5353", { address: "::1", port: 5353 }],
  ["localhost", undefined],
])("%s is a server", (text, server) => {
  expect(parseServer(text, 53)).toEqual(server);
});

test("a server never asks itself, by whichever of its addresses", async () => {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) =>
    (entries ?? []).map(({ address }) => address),
  );
  const text = ["127.0.0.53", "192.0.2.1", ...addresses].map((address) => `nameserver ${address}\n`).join("");
  const list = (own: string) => new Resolvers([], [parseServer(own, 53)!], async () => text).list();
  expect(await list("0.0.0.0")).toEqual([{ address: "192.0.2.1", port: 53 }]);
  expect(await list("192.0.2.1")).not.toContainEqual({ address: "192.0.2.1", port: 53 });
  expect(await list("0.0.0.0:8600")).toContainEqual({ address: "127.0.0.53", port: 53 });
});
