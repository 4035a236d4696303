// `npm run fuzz -- [--target NAME] [--inputs N] [--seed S] [--keep]`: damaged inputs for every decoder, or for one. Ends with 1 if one of them
// throws, takes more than 50 ms, or holds more than it may. `--keep` adds what it learned to the kept corpus.

import { parseArgs } from "node:util";
import { hexEncode } from "../../src/base/bytes.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    keep: { type: "boolean", default: false },
  },
});
const names = values.target === undefined ? Object.keys(targets) : [values.target];
const unknown = names.find((name) => !Object.hasOwn(targets, name));
if (unknown !== undefined || !/^\d+$/.test(values.inputs) || !/^\d+$/.test(values.seed)) {
  console.error(`--target is one of ${Object.keys(targets).join(", ")}; --inputs and --seed are whole numbers`);
  process.exit(2);
}

console.log(`seed ${values.seed}, ${values.inputs} inputs for each target\n`);
console.log(["target", "inputs", "decoded", "refused", "learned", "slowest ms", "peak MB", "s"].join("\t"));
for (const name of names) {
  const kept = readCorpus(name);
  const startedMs = performance.now();
  const report = fuzz(targets[name]!, { seed: Number(values.seed), inputs: Number(values.inputs), corpus: kept });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
  const { inputs, decoded, refused, corpus, slowestMs, findings } = report;
  console.log([name, inputs, decoded, refused, corpus.length, slowestMs.toFixed(1), peakMb, seconds].join("\t"));
  for (const { kind, what, input } of findings) console.log(`${kind}: ${what}\n  input ${hexEncode(input)}`);
  if (findings.length > 0) process.exitCode = 1;
  if (values.keep) writeCorpus(name, [...kept, ...corpus.filter((input) => input.length <= 400).slice(0, 40)]);
}
