import type { Screen } from "./command.ts";

/** The terminal of this process. */
export const processScreen: Screen = {
  write: (text) => void process.stdout.write(text),
  onKey: (listener) => {
    const { stdin } = process;
    if (!stdin.isTTY) return () => undefined;
    const receive = (bytes: Uint8Array): void => {
      for (const key of new TextDecoder().decode(bytes)) listener(key);
    };
    stdin.setRawMode(true).on("data", receive).resume();
    return () => {
      stdin.setRawMode(false).off("data", receive).pause();
    };
  },
};
