/** The Debian package in a system that systemd runs. `npm run package:deb:test` makes that system and says where it is. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useSandbox } from "../support/sandbox.ts";
import { SpareSystem } from "../support/spare-system.ts";
import { waitFor } from "../support/wait-for.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const lower = process.env["SERF_TS_SPARE_SYSTEM"] ?? "";

describe.skipIf(lower === "")("the service of the Debian package", () => {
  const sandbox = useSandbox();
  let system: SpareSystem;

  const run = (script: string): string => {
    const { status, output } = system.run(script);
    expect(status, output).toBe(0);
    return output;
  };
  const show = (property: string) => run(`systemctl show --value -p ${property} serf-ts`).trim();
  /** The agent says who it is, once it runs. */
  const answers = () =>
    waitFor(() => JSON.parse(run("serf info -format=json")).agent.name as string, { what: "an answer of the agent" });

  beforeAll(async () => {
    const build = [join(root, "scripts/package-deb.mjs"), `--out=${await sandbox.folder()}`];
    const packageFile = execFileSync(process.execPath, build, { encoding: "utf8" }).trim();
    system = await SpareSystem.start({ lower, packageFile, boots: true });
    run("rm -f /usr/sbin/policy-rc.d && dpkg -i /package.deb");
  });

  afterAll(() => system?.close());

  test("runs when the package is installed, as its user, under both names", async () => {
    await answers();
    expect([show("ActiveState"), show("UnitFileState")]).toEqual(["active", "enabled"]);
    expect(run("systemctl is-active serf")).toBe("active\n");
    expect(run(`stat -c %U /proc/${show("MainPID")}`)).toBe("serf\n");
  });

  test("takes over a changed configuration on reload", async () => {
    run(`echo '{"tags": {"role": "web"}}' >/etc/serf/serf.json && systemctl reload serf`);
    await waitFor(() => run("serf members").includes("role=web"), { what: "the tag of the changed file" });
  });

  test("is started again if the agent is killed, and stays away after a leave", async () => {
    const before = show("MainPID");
    run(`kill -9 ${before}`);
    await waitFor(() => show("ActiveState") === "active" && show("MainPID") !== before, { what: "another agent" });
    await answers();
    run("serf leave");
    await waitFor(() => show("ActiveState") === "inactive", { what: "the service to end" });
    expect([show("Result"), show("ExecMainStatus")]).toEqual(["success", "0"]);
  });

  test("leaves when it is stopped", async () => {
    run("systemctl start serf");
    await answers();
    run("systemctl stop serf");
    expect([show("ActiveState"), show("ExecMainStatus")]).toEqual(["inactive", "0"]);
    expect(run("tail -n 1 /var/lib/serf/snapshot")).toBe("leave\n");
  });

  test("runs with the hardening put on", async () => {
    run(`install -D /usr/share/doc/serf-ts/examples/hardened.conf /etc/systemd/system/serf-ts.service.d/hardened.conf
      systemctl daemon-reload && systemctl start serf`);
    await answers();
    expect(show("NoNewPrivileges")).toBe("yes");
  });

  test("is restarted by an upgrade, and gone when the package is removed", async () => {
    const before = show("MainPID");
    run("dpkg -i /package.deb");
    await answers();
    expect(show("MainPID")).not.toBe(before);
    run("dpkg --purge serf-ts");
    expect(system.run("systemctl is-active serf-ts").output).toBe("inactive\n");
    expect(system.run("pgrep -x serf").output).toBe("");
  });
});
