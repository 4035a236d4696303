// Gives scripts the exports of a source file. Bundled into the clone, so that packages are found.

import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../", import.meta.url);

/** `path` from the root of the clone: "src/base/errors.ts". */
export async function loadSource(path) {
  const bundle = new URL(`node_modules/.load-source-${process.pid}.mjs`, root);
  try {
    await build({
      entryPoints: [fileURLToPath(new URL(path, root))],
      outfile: fileURLToPath(bundle),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      define: { "import.meta.dirname": '""' },
    });
    return await import(`${bundle}?${path}`);
  } finally {
    rmSync(bundle, { force: true });
  }
}
