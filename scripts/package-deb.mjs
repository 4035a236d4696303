// `npm run package:deb [-- --out FOLDER]`: builds what is stale, then a Debian package of it, `serf-ts_VERSION_all.deb`, in the folder `out`.
// Needs dpkg-deb, and no root. The same commit gives the same bytes. DEBFULLNAME and DEBEMAIL say who maintains it, as for Debian's own tools.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { describeRelease, root } from "./release.mjs";

const { values: options } = parseArgs({ options: { out: { type: "string", default: "out" } } });
const debian = join(root, "deploy/debian");
const release = describeRelease();
const day = new Date(release.epochSeconds * 1000);
// "~" sorts before the release itself, so that the release is an upgrade; also over 1.0.0-rc.1.
const numbered = release.version.replace("-", "~");
const version = release.commit === undefined ? numbered : `${numbered}~git${stamp(day)}.${release.commit}`;
const { DEBFULLNAME: name = "The serf-ts authors", DEBEMAIL: address = "serf-ts@packages.invalid" } = process.env;
const maintainer = `${name} <${address}>`;

if (spawnSync("dpkg-deb", ["--version"]).status !== 0) {
  console.error("dpkg-deb is not here: a Debian package is built on Debian or one of its kin (apt-get install dpkg).");
  process.exit(1);
}
execFileSync(process.execPath, [join(root, "scripts/prepare.mjs")], { stdio: ["ignore", 2, 2] });

const tree = mkdtempSync(join(tmpdir(), "serf-ts-deb-"));
try {
  layOut();
  describe();
  settle(tree);
  const folder = resolve(options.out);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `serf-ts_${version}_all.deb`);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", tree, file], {
    stdio: ["ignore", 2, 2],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(release.epochSeconds) },
  });
  console.log(file);
} finally {
  rmSync(tree, { recursive: true, force: true });
}

/** Everything where Debian has it. */
function layOut() {
  const library = "usr/lib/serf-ts";
  for (const file of readdirSync(join(root, "dist")).filter((entry) => entry.endsWith(".cjs"))) {
    const code = readFileSync(join(root, "dist", file), "utf8");
    // Debian's own Node, whatever else a user has on the path.
    put(`${library}/${file}`, code.replace(/^#!.*/, "#!/usr/bin/node"), file === "serf.cjs" ? 0o755 : 0o644);
  }
  mkdirSync(join(tree, "usr/bin"), { recursive: true });
  symlinkSync("../lib/serf-ts/serf.cjs", join(tree, "usr/bin/serf"));

  put("etc/serf/10-package.json", readFileSync(join(debian, "10-package.json")));
  put("usr/lib/systemd/system/serf-ts.service", readFileSync(join(root, "deploy/systemd/serf-ts.service")));

  for (const page of readdirSync(join(root, "dist/man"))) {
    put(`usr/share/man/man${page.at(-1)}/${page}.gz`, gzipped(readFileSync(join(root, "dist/man", page))));
  }
  put("usr/share/bash-completion/completions/serf", completion("bash"));
  put("usr/share/zsh/vendor-completions/_serf", completion("zsh"));
  put("usr/share/fish/vendor_completions.d/serf.fish", completion("fish"));

  const about = "usr/share/doc/serf-ts";
  put(`${about}/copyright`, copyright());
  put(`${about}/changelog.gz`, gzipped(changelog()));
  put(`${about}/CHANGELOG.md.gz`, gzipped(readFileSync(join(root, "CHANGELOG.md"))));
  put(`${about}/examples/hardened.conf`, readFileSync(join(root, "deploy/systemd/hardened.conf")));
  cpSync(join(root, "docs"), join(tree, about, "docs"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(root, "docs/api")),
  });
}

/** What dpkg reads. */
function describe() {
  const files = filesIn(tree);
  const kibibytes = files.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0);
  const sums = files.map(
    (path) => `${createHash("md5").update(readFileSync(path)).digest("hex")}  ${relative(tree, path)}`,
  );
  const values = { VERSION: version, MAINTAINER: maintainer, INSTALLED_SIZE: String(kibibytes) };
  const control = readFileSync(join(debian, "control"), "utf8").replace(/@(\w+)@/g, (_, key) => values[key]);
  put("DEBIAN/control", control);
  put("DEBIAN/md5sums", `${sums.join("\n")}\n`);
  put("DEBIAN/conffiles", "/etc/serf/10-package.json\n");
  for (const script of ["postinst", "prerm", "postrm"]) {
    copyFileSync(join(debian, script), join(tree, "DEBIAN", script));
    chmodSync(join(tree, "DEBIAN", script), 0o755);
  }
}

function copyright() {
  const licenses = readFileSync(join(root, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
  return `serf-ts is under this license:\n\n${readFileSync(join(root, "LICENSE"), "utf8").trim()}\n\n${licenses}`;
}

/** In Debian's format; what changed is told by CHANGELOG.md. */
function changelog() {
  const date = day.toUTCString().replace("GMT", "+0000");
  return `serf-ts (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${maintainer}  ${date}\n`;
}

function completion(shell) {
  return execFileSync(process.execPath, [join(root, "dist/serf.cjs"), "completion", shell]);
}

function put(path, content, mode = 0o644) {
  const file = join(tree, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  chmodSync(file, mode);
}

function gzipped(content) {
  return gzipSync(content, { level: 9 });
}

/** One time and one mode for all, whatever this machine's clock and umask are. */
function settle(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) settle(path);
    else if (entry.isFile()) chmodSync(path, statSync(path).mode & 0o100 ? 0o755 : 0o644);
    lutimesSync(path, release.epochSeconds, release.epochSeconds);
  }
  chmodSync(folder, 0o755);
}

function filesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function stamp(date) {
  return date.toISOString().slice(0, 10).replaceAll("-", "");
}
