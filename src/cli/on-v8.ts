import { keepCompiledCode } from "./compiled-code.ts";
import { optimizeLate } from "./late-optimization.ts";

/** To be called before what takes compiling. The executable is told the like when it is built: scripts/build-bin.mjs. */
export function prepareV8(): void {
  optimizeLate();
  keepCompiledCode();
}
