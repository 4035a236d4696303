// `npm run package:deb:test`: the Debian package in a fresh Debian with Debian's own Node and serf, which mmdebstrap fetches into `out/trixie` the
// first time (some 45 s, 250 MiB); its service under systemd there; and all of it as lintian sees it. What needs no fresh Debian of this
// runs in `npm test`, on this machine's own files.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./release.mjs";

const suite = "trixie"; // the oldest whose Node is new enough
const packages = "nodejs,adduser,serf,init-system-helpers,systemd,procps,bash-completion";
const out = join(root, "out");
const lower = join(out, suite);

for (const program of ["mmdebstrap", "lintian"]) {
  if (spawnSync(program, ["--version"]).error === undefined) continue;
  console.error(`${program} is not here: apt-get install mmdebstrap lintian`);
  process.exit(1);
}

const built = execFileSync(process.execPath, [join(root, "scripts/package-deb.mjs"), "--out", out], {
  encoding: "utf8",
}).trim();
run("lintian", ["--fail-on=error,warning", built]);

if (!existsSync(join(lower, "usr/bin/node"))) {
  rmSync(lower, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  run("mmdebstrap", ["--mode=root", "--variant=apt", `--include=${packages}`, suite, lower]);
}
run(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project=interop", "test/e2e/debian-"], {
  SERF_TS_SPARE_SYSTEM: lower,
});

function run(command, parameters, environment = {}) {
  const { status } = spawnSync(command, parameters, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) process.exit(status ?? 1);
}
