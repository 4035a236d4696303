import type { SerfError } from "../base/errors.ts";

/** Turns a callback of the protocol into a promise: promises begin where the real world does. What `start` throws rejects it too. */
export function completed(start: (done: (error?: SerfError) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === undefined ? resolve() : reject(error)));
  });
}
