/**
 * The Debian package, installed by dpkg in a spare system: it takes the place of Debian's own serf, its service's command runs as its user,
 * and after a purge nothing of it is left. `npm run package:deb:test` runs this in a fresh Debian besides.
 */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { useSandbox } from "../support/sandbox.ts";
import { SpareSystem, whyNoSpareSystem } from "../support/spare-system.ts";
import { waitFor } from "../support/wait-for.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
/** A Debian in a folder, in place of this machine's own. */
const lower = process.env["SERF_TS_SPARE_SYSTEM"] ?? "/";

const obstacle = whyNoSpareSystem();
if (obstacle !== undefined) process.stderr.write(`SKIPPED: ${obstacle}; the Debian package is not tested\n`);

const nodeSatisfies = `dpkg --compare-versions "$(dpkg-query -W -f '$\{Version}' nodejs 2>/dev/null)" ge-nl 20.19`;

describe.skipIf(obstacle !== undefined)("the Debian package", () => {
  const sandbox = useSandbox();
  let packageFile = "";
  let system: SpareSystem;

  /** Runs a script and expects it to succeed. */
  const run = (script: string): string => {
    const { status, output } = system.run(script);
    expect(status, output).toBe(0);
    return output;
  };

  beforeAll(async () => {
    const build = [join(root, "scripts/package-deb.mjs"), `--out=${await sandbox.folder()}`];
    packageFile = execFileSync(process.execPath, build, { encoding: "utf8" }).trim();
    system = await SpareSystem.start({ lower, packageFile });
    // A machine whose Node is no Debian package, or an old one, has another in its path.
    run(`${nodeSatisfies} || ln -sf ${process.execPath} /usr/bin/node`);
    run("rm -f /var/lib/man-db/auto-update"); // an index of all manual pages, made anew each time, is what takes longest
  });

  afterAll(() => system?.close());

  const install = `dpkg $(${nodeSatisfies} || echo --force-depends) -i /package.deb`;

  test("is the same, byte for byte, if it is built again", async () => {
    const build = [join(root, "scripts/package-deb.mjs"), `--out=${await sandbox.folder()}`];
    const again = execFileSync(process.execPath, build, { encoding: "utf8" }).trim();
    expect(readFileSync(again).equals(readFileSync(packageFile))).toBe(true);
  });

  test("takes the place of Debian's serf, and what that leaves behind can be purged", () => {
    const hadSerf = system.run("dpkg -s serf").status === 0;
    run(install);
    expect(run("serf version")).toContain(`${version}\n`);
    if (hadSerf) {
      expect(run("dpkg -s serf")).toMatch(/^Status: .* config-files$/m);
      run("dpkg --purge serf");
    }
    expect(run("dpkg -s serf-ts")).toMatch(/^Status: .* installed$/m);
    const wanted = "/etc/systemd/system/multi-user.target.wants/serf-ts.service";
    expect(run(`readlink -f ${wanted} /etc/systemd/system/serf.service`)).toBe(
      "/usr/lib/systemd/system/serf-ts.service\n".repeat(2),
    );
    expect(run("dpkg --verify serf-ts")).toBe("");
  });

  test("the command of its service runs as its user, keeps its state, and leaves on the signal of a stop", async () => {
    const unit = run("cat /usr/lib/systemd/system/serf-ts.service");
    const setting = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(unit)![1]!;
    const agent = system.launch(`exec runuser -u ${setting("User")} -- ${setting("ExecStart")}`);
    const members = await waitFor(() => JSON.parse(run("serf members -format=json")).members, {
      what: "the agent of the service",
      witnesses: [agent],
    });
    expect(members).toMatchObject([{ status: "alive" }]);
    run("serf plugin install dns && test -e /var/lib/serf/plugins/dns.json");
    const process = run("pgrep -o -u serf").trim();
    run(`kill -s ${setting("KillSignal").replace("SIG", "")} ${process}`);
    await waitFor(() => agent.exit !== undefined, { what: "the agent to leave", witnesses: [agent] });
    expect(agent.exit).toBe(0);
    expect(run("stat -c '%U %a' /var/lib/serf")).toBe("serf 750\n");
    expect(run("stat -c %U /var/lib/serf/snapshot")).toBe("serf\n");
  });

  test("brings manual pages, completion and its licenses", () => {
    for (const [page, section] of [
      ["serf", 1],
      ["serf-agent", 1],
      ["serf.json", 5],
    ]) {
      expect(run(`zcat /usr/share/man/man${section}/${page}.${section}.gz`)).toMatch(/^\.TH /);
    }
    run("bash -c '. /usr/share/bash-completion/completions/serf; complete -p serf'");
    run("test -s /usr/share/zsh/vendor-completions/_serf -a -s /usr/share/fish/vendor_completions.d/serf.fish");
    expect(run("cat /usr/share/doc/serf-ts/copyright")).toMatch(/^msgpackr .*\(MIT\)$/m);
  });

  test("can be installed over itself, and keeps what the administrator changed and decided", () => {
    run(`echo '{"log_level": "warn"}' >/etc/serf/10-package.json`);
    run("systemctl disable serf-ts.service");
    run("dpkg-statoverride --update --add root root 0700 /etc/serf");
    run(install);
    expect(run("cat /etc/serf/10-package.json")).toContain("warn");
    expect(system.run("ls /etc/systemd/system/multi-user.target.wants/serf-ts.service").status).not.toBe(0);
    expect(run("stat -c '%U:%G %a' /etc/serf")).toBe("root:root 700\n");
    run("dpkg-statoverride --remove /etc/serf");
  });

  test("removed it keeps configuration and state; purged it leaves nothing", () => {
    run("dpkg --remove serf-ts");
    expect(system.run("serf version").status).toBe(127);
    run("test -e /etc/serf/10-package.json -a -e /var/lib/serf/snapshot");
    run("dpkg --purge serf-ts");
    expect(system.changes().filter((path) => path.includes("serf"))).toEqual([]);
    expect(system.run("getent passwd serf || getent group serf").output).toBe("");
    const ownedByNobody = "find /etc /usr /var -xdev \\( -nouser -o -nogroup \\) -newer /package.deb";
    expect(run(ownedByNobody)).toBe("");
  });
});
