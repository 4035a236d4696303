import { LineReader } from "../line-reader.ts";

/** What a plugin prints becomes lines of its log: the agent's own output is not its to write. */
export function redirectOutput(log: (line: string) => void): void {
  for (const stream of [process.stdout, process.stderr]) {
    const reader = new LineReader();
    stream.write = (chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
      for (const line of reader.push(Buffer.from(chunk as Uint8Array))) log(line);
      const done = rest.at(-1);
      if (typeof done === "function") queueMicrotask(() => done());
      return true;
    };
  }
}
