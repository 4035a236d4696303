const nodeMessage = /^E\w+: (.*?), (\w+)(?: '(.*?)'(?: -> '.*')?)?$/s;

/** Node's "ENOENT: no such file or directory, open '/x'" in the order of Go's words: "open /x: no such file or directory". */
export function describeFileFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, problem, call, path] = nodeMessage.exec(message) ?? [];
  if (problem === undefined) return message;
  return path === undefined ? `${call}: ${problem}` : `${call} ${path}: ${problem}`;
}
