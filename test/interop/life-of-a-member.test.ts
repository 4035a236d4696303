/** The life of one member, told by the agent that was there before it: it joins, changes its tags, leaves, comes back, dies, is forced out. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions, keys } from "../support/directions.ts";
import { Handler, type HandlerCall } from "../support/handler.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const stories = directions.flatMap((direction) =>
  keys.map((key) => ({ ...direction, ...key, parts: direction.title })),
);

for (const story of stories) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(story.title, () => tellLife(story));
}

function tellLife(story: (typeof stories)[number]): void {
  const sandbox = useSandbox();
  let founder: Agent;
  let member: Agent;
  let founderHandler: Handler;
  let memberHandler: Handler;

  const startMember = async (args: readonly string[] = []) =>
    sandbox.startAgent({
      kind: story.newcomer,
      name: "member",
      key: story.key,
      join: [founder],
      args: ["-tag=role=web", "-tag=zone=north east", `-event-handler=${memberHandler.script}`, ...args],
      ...(member === undefined ? {} : { place: member.place }),
    });

  test.sequential("a member that joins is alive on both sides, with its tags, address and protocol", async () => {
    founderHandler = await Handler.create(await sandbox.folder(), "seen by the founder");
    memberHandler = await Handler.create(await sandbox.folder(), "seen by the member");
    founder = await sandbox.startAgent({
      kind: story.founder,
      name: "founder",
      key: story.key,
      args: ["-tag=role=db", "-tag=build.id=7=8", `-event-handler=${founderHandler.script}`],
    });
    member = await startMember();
    const view = [
      {
        name: "founder",
        addr: founder.address,
        port: founder.place.bindPort,
        tags: { role: "db", "build.id": "7=8" },
        status: "alive",
        protocol: { max: 5, min: 2, version: 5 },
      },
      {
        name: "member",
        addr: member.address,
        port: member.place.bindPort,
        tags: { role: "web", zone: "north east" },
        status: "alive",
        protocol: { max: 5, min: 2, version: 5 },
      },
    ];
    for (const agent of [founder, member]) {
      await waitFor(async () => expect(byName(await agent.members())).toEqual(view), {
        what: `${agent.name} to see both`,
        witnesses: [founder, member],
      });
    }
  });

  test.sequential("its join reaches the founder's script as one line, fields apart by tabs", async () => {
    await waitForLine("member-join", "member\t127.0.0.1\tweb\trole=web,zone=north east\n");
  });

  test.sequential("tags that are set and deleted while it runs reach the other side", async () => {
    const update = await member.command(["tags", "-set=zone=south", "-set=rack=4", "-delete=role"]);
    expect(update).toMatchObject({ code: 0, stdout: "Successfully updated agent tags\n" });
    await waitForTags(founder, "member", { zone: "south", rack: "4" });

    expect(await founder.command(["tags", "-delete=build.id"])).toMatchObject({ code: 0 });
    await waitForTags(member, "founder", { role: "db" });
    await waitForLine("member-update", "member\t127.0.0.1\t\track=4,zone=south\n");
  });

  test.sequential("a user event runs the scripts of both sides, with its name, Lamport time and payload", async () => {
    await member.command(["event", "deploy", "two words\tand\ttabs"]);
    const expected = { stdin: "two words\tand\ttabs\n", user: { SERF_USER_EVENT: "deploy", SERF_USER_LTIME: "1" } };
    expect(await callFor(founderHandler, "deploy")).toEqual({
      environment: { SERF_EVENT: "user", ...selfOfFounder, ...expected.user },
      stdin: expected.stdin,
    });
    expect(await callFor(memberHandler, "deploy")).toEqual({
      environment: { SERF_EVENT: "user", ...selfOfMember, ...expected.user },
      stdin: expected.stdin,
    });
  });

  test.sequential("a user event without a payload gives the script an empty input, and the next Lamport time", async () => {
    await founder.command(["event", "-coalesce=false", "restart"]);
    expect(await callFor(memberHandler, "restart")).toEqual({
      environment: { SERF_EVENT: "user", ...selfOfMember, SERF_USER_EVENT: "restart", SERF_USER_LTIME: "2" },
      stdin: "",
    });
  });

  test.sequential("what the script prints is in the agent's log", async () => {
    expect(founder.log).toContain("[DEBUG] agent: Event 'user' script output: seen by the founder");
  });

  test.sequential("a member that leaves gracefully ends with 0 and is left", async () => {
    expect(await member.leave()).toBe(0);
    await waitForView([founder], { founder: "alive", member: "left" });
    await waitForLine("member-leave", "member\t127.0.0.1\t\track=4,zone=south\n");
  });

  test.sequential("it is alive again once it comes back", async () => {
    member = await startMember();
    await waitForView([founder, member], { founder: "alive", member: "alive" });
  });

  test.sequential("a member that is killed is failed", async () => {
    await member.kill();
    await waitForView([founder], { founder: "alive", member: "failed" });
    await waitForLine("member-failed", "member\t127.0.0.1\tweb\trole=web,zone=north east\n");
  });

  test.sequential("it is alive again once it is restarted", async () => {
    member = await startMember();
    await waitForView([founder, member], { founder: "alive", member: "alive" });
  });

  test.sequential("a failed member that is forced to leave is left", async () => {
    await member.kill();
    await waitForView([founder], { founder: "alive", member: "failed" });
    expect(await founder.command(["force-leave", "member"])).toMatchObject({ code: 0 });
    await waitForView([founder], { founder: "alive", member: "left" });
  });

  test.sequential("a member that is pruned is gone from the list", async () => {
    expect(await founder.command(["force-leave", "-prune", "member"])).toMatchObject({ code: 0 });
    await waitForView([founder], { founder: "alive" });
    await waitForLine("member-reap", "member\t127.0.0.1\tweb\trole=web,zone=north east\n");
  });

  const waitForLine = (event: string, line: string) =>
    waitFor(
      async () => {
        const lines = (await founderHandler.callsOf(event)).map(({ stdin }) => sortedTags(stdin));
        expect(lines.join("")).toContain(line);
      },
      { what: `the founder's script to hear of the ${event}`, witnesses: [founder, member] },
    );

  const waitForTags = (observer: Agent, name: string, tags: Readonly<Record<string, string>>) =>
    waitFor(async () => expect((await observer.members()).find((member) => member.name === name)?.tags).toEqual(tags), {
      what: `${observer.name} to see the new tags of ${name}`,
      witnesses: [founder, member],
    });

  const callFor = (handler: Handler, name: string): Promise<HandlerCall> =>
    waitFor(
      async () => {
        const call = (await handler.callsOf("user")).find(({ environment }) => environment["SERF_USER_EVENT"] === name);
        return call ?? false;
      },
      { what: `a script to run for the event ${name}`, witnesses: [founder, member] },
    );
}

/** What the agents tell their scripts about themselves, after the tags were changed. */
const selfOfFounder = { SERF_SELF_NAME: "founder", SERF_SELF_ROLE: "db", SERF_TAG_ROLE: "db" };
const selfOfMember = { SERF_SELF_NAME: "member", SERF_SELF_ROLE: "", SERF_TAG_ZONE: "south", SERF_TAG_RACK: "4" };

function byName<T extends { readonly name: string }>(members: readonly T[]): readonly T[] {
  return [...members].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Member lines with their tags in order: the reference writes them as a Go map comes. */
function sortedTags(lines: string): string {
  return lines.replaceAll(/[^\t\n]+$/gm, (tags) => tags.split(",").sort().join(","));
}
