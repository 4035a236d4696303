/** The webhook plugin beside real agents, installed as an operator does it. */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { connectSerf } from "../../src/client/index.ts";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const token = "correct-horse-battery";
const sandbox = useSandbox();
const hook = createServer();
afterAll(() => {
  hook.close();
  hook.closeAllConnections();
});

test("a chat starts an event by HTTP, hears of it and of who leaves, and no secret shows anywhere", async () => {
  const posted: { readonly event: string; readonly body: Record<string, unknown> }[] = [];
  hook.on("request", async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    posted.push({ event: String(request.headers["serf-event"]), body: JSON.parse(text) as Record<string, unknown> });
    response.end();
  });
  hook.listen(0, "127.0.0.1");
  await once(hook, "listening");

  const folder = await sandbox.folder();
  const a = await sandbox.startAgent({ kind: "ours", name: "a", args: [`-plugin-dir=${folder}`] });
  const b = await sandbox.startAgent({
    kind: "ours",
    name: "b",
    join: [a],
    args: ["-event-handler=query:load=echo 0.5"],
  });
  const port = await sandbox.port();
  const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/hooks/hush-url`;
  const urls = [{ name: "chat", url, secret: "hush-key", events: ["user:deploy", "query:load", "member-leave"] }];
  const installed = await serfCommand("ours", [
    "plugin",
    `-rpc-addr=${a.rpcAddress}`,
    "install",
    "webhook",
    `urls=${JSON.stringify(urls)}`,
    `listen=${port}`,
    `token=${token}`,
  ]);
  expect(installed).toMatchObject({ code: 0 });

  const post = (path: string, body: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body, headers: { Authorization: `Bearer ${token}` } });
  expect((await post("/event/deploy", "v1")).status).toBe(202);
  await waitFor(() => expect(b.log).toContain("user-event: deploy"), { what: "b to hear of it", witnesses: [a, b] });
  expect(await (await post("/query/load", "")).json()).toMatchObject({
    query: { name: "load", responses: [{ from: "b", payload: "0.5\n" }] },
  });
  expect((await post("/event/deploy", "x".repeat(1000))).status).toBe(413);
  expect(await b.leave()).toBe(0);
  await waitFor(() => expect(posted).toHaveLength(3), { what: "the chat to hear of all", witnesses: [a] });
  expect(posted).toMatchObject([
    { event: "user", body: { node: "a", event: { name: "deploy", payload: "v1" } } },
    { event: "query", body: { query: { name: "load", responses: [{ from: "b" }] } } },
    { event: "member-leave", body: { members: [{ name: "b", status: "left" }] } },
  ]);

  const client = await connectSerf({ address: a.rpcAddress });
  const views = JSON.stringify([await client.plugin("list", {}), await client.plugin("info", { name: "webhook" })]);
  client.close();
  expect(views).toContain(`listens at 127.0.0.1:${port}; 1 URL: 3 sent, 0 waiting, 0 dropped`);
  for (const output of [views, a.log]) for (const word of ["hush-", token]) expect(output).not.toContain(word);
  expect(await readFile(join(folder, "webhook.json"), "utf8")).toContain(token);
});
