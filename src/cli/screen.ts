import type { Screen } from "./command.ts";
import type { Output } from "./standard-output.ts";

/** The terminal of this process. */
export class ProcessScreen implements Screen {
  private readonly output: Output;

  constructor(output: Output) {
    this.output = output;
  }

  write(text: string): void {
    this.output.write(text);
  }

  onKey(listener: (key: string) => void): () => void {
    const { stdin } = process;
    if (!stdin.isTTY) return () => undefined;
    const receive = (bytes: Uint8Array): void => {
      for (const key of new TextDecoder().decode(bytes)) listener(key);
    };
    stdin.setRawMode(true).on("data", receive).resume();
    return () => {
      stdin.setRawMode(false).off("data", receive).pause();
    };
  }
}
