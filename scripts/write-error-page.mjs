// Writes docs/ERRORS.md from the table in src/base/errors.ts: `npm run docs`. A test fails when the two differ.

import { writeFileSync } from "node:fs";
import { build } from "esbuild";

const { outputFiles } = await build({
  entryPoints: [new URL("../src/base/errors.ts", import.meta.url).pathname],
  bundle: true,
  format: "esm",
  write: false,
});
const { errorCodes } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);

const rows = Object.entries(errorCodes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
writeFileSync(
  new URL("../docs/ERRORS.md", import.meta.url),
  `# Errors

What the library throws or rejects with for a caller's or an operator's mistake is a \`SerfError\` with one of these codes in
\`error.code\`. The codes are stable; the messages are for people. RPC errors carry Serf's own texts instead, since clients match them.

| code | what it means and what to do |
|---|---|
${rows.join("\n")}
`,
);
