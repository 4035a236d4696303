import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { BunOutput, StreamOutput } from "./standard-output.ts";

const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

describe("by a stream of Node's", () => {
  test("what is written arrives, and then counts as flushed", async () => {
    const stream = new PassThrough();
    const output = new StreamOutput(
      () => stream,
      () => undefined,
    );
    output.write("one\n");
    output.write("two\n");
    await output.flushed();
    expect(stream.read().toString()).toBe("one\ntwo\n");
  });

  test("the stream is opened when there is something to write, and once", () => {
    let opened = 0;
    const output = new StreamOutput(
      () => {
        opened += 1;
        return new PassThrough();
      },
      () => undefined,
    );
    expect(opened).toBe(0);
    output.write("one\n");
    output.write("two\n");
    expect(opened).toBe(1);
  });

  test("an error of the stream is told", async () => {
    const failures: Error[] = [];
    const stream = new PassThrough();
    const output = new StreamOutput(
      () => stream,
      (error) => failures.push(error),
    );
    output.write("lost\n");
    stream.destroy(full);
    await new Promise((resolve) => stream.once("close", resolve));
    expect(failures).toEqual([full]);
  });
});

// A stand-in for Bun's writer, since these tests run on Node: the interop suite runs the executable itself.
describe("by a writer of Bun's", () => {
  test("each text is on its way when it was written", () => {
    const { output, flushed } = overSink(() => 4);
    output.write("one\n");
    expect(flushed()).toBe("one\n");
    output.write("two\n");
    expect(flushed()).toBe("one\ntwo\n");
  });

  test("what the file does not take yet is waited for", async () => {
    let leave = (): void => undefined;
    const leaving = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const { output } = overSink(() => leaving);
    output.write("one\n");
    let isFlushed = false;
    const flushing = output.flushed().then(() => {
      isFlushed = true;
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(isFlushed).toBe(false);
    leave();
    await flushing;
  });

  test("an error is told, whether it comes at once or later", async () => {
    const atOnce = overSink(() => {
      throw full;
    });
    atOnce.output.write("lost\n");
    expect(atOnce.failures).toEqual([full]);

    const later = overSink(() => Promise.reject(full));
    later.output.write("lost\n");
    await later.output.flushed();
    expect(later.failures).toEqual([full]);
  });
});

function overSink(flush: () => unknown) {
  const failures: Error[] = [];
  let buffered = "";
  let left = "";
  const sink = {
    write: (text: string) => {
      buffered += text;
    },
    flush: () => {
      left += buffered;
      buffered = "";
      return flush();
    },
  };
  const output = new BunOutput({ writer: () => sink }, (error) => failures.push(error));
  return { output, failures, flushed: () => left };
}
