/** Agents that know their cluster by the SRV records of a service alone, as pods behind a headless service of Kubernetes do. */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { type NetworkHost, whyNoNetworks } from "../support/netns.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const skip = (await whyNoNetworks()) !== undefined;
const service = "srv:_serf._tcp.member.role.serf";

describe.skipIf(skip)("-retry-join=srv:…", () => {
  const sandbox = useSandbox();
  const resolverFolders: string[] = [];

  afterAll(async () => {
    for (const folder of resolverFolders) await rm(folder, { recursive: true, force: true });
  });

  /** `ip netns exec` puts it in the place of the host's /etc/resolv.conf. */
  async function askFor(host: NetworkHost, nameServer: string): Promise<void> {
    const folder = join("/etc/netns", host.namespace);
    await mkdir(folder, { recursive: true });
    resolverFolders.push(folder);
    await writeFile(join(folder, "resolv.conf"), `nameserver ${nameServer}\n`);
  }

  test("finds those that the name server lists, at their ports, once there is one", async () => {
    const network = await sandbox.network();
    const [first, ...others] = await network.addHosts(3);
    for (const host of others) await askFor(host, first!.address);
    const joining = [`-retry-join=${service}`, "-retry-interval=1s"];
    const agents: Agent[] = [];
    for (const [index, host] of others.entries())
      agents.push(await sandbox.launchAgent({ kind: "ours", name: `n${index + 2}`, host, args: joining }));
    await waitFor(() => agents.every(({ log }) => log.includes("Join failed")), {
      what: "both to have asked in vain",
      witnesses: agents,
    });

    const plugins = await sandbox.folder();
    const options = { listen: [`${first!.address}:53`] };
    await writeFile(join(plugins, "dns.json"), JSON.stringify({ plugin: "dns", enabled: true, options }));
    const args = [`-plugin-dir=${plugins}`, "-bind=10.77.0.1:7999", "-tag=role=member", "-tag=serf_port=7999"];
    agents.push(await sandbox.startAgent({ kind: "ours", name: "n1", host: first!, listen: [], args }));
    await waitForView(agents, { n1: "alive", n2: "alive", n3: "alive" });
    expect(agents[0]!.log).toContain(`agent: joining: [${service}]`);
  });
});
