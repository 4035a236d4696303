import { setFlagsFromString } from "node:v8";

/**
 * An agent runs much code a little. V8 would have its optimizing compiler at a hundred functions while an agent joins, a third of the CPU of that, for 5 MB that are
 * not given back, and few of them pay: a function is left to the baseline compiler here until it has run 5 MB of bytecode, where V8 asks for 66 KB.
 * Under a lasting load what is hot gets there within seconds. V8 reads this flag each time a function has used its budget up.
 */
const budgetBytes = 5_000_000;

/** Later versions of V8 have a compiler between the two, and no such flag; an embedding program's flags are its own. */
export function optimizeLate(): void {
  if (Number.parseInt(process.versions.v8, 10) < 12) setFlagsFromString(`--interrupt-budget=${budgetBytes}`);
}
