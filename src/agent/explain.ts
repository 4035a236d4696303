import { SerfError } from "../base/errors.ts";

/** Waits for `work`, and puts in front of what goes wrong what was tried. */
export async function orExplain<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SerfError) throw new SerfError(error.code, `${what}: ${error.message}`, { cause: error });
    throw error;
  }
}
