/** What a node in a program does to the process around it: nothing that the program did not ask for. */

import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { RunningProcess } from "../support/processes.ts";
import { waitFor } from "../support/wait-for.ts";

const program = fileURLToPath(new URL("../fixtures/programs/embedded-node.ts", import.meta.url));

function run(...args: string[]): RunningProcess {
  return new RunningProcess(process.execPath, ["--import", "tsx", program, ...args], {
    title: `node ${args.join(" ")}`,
  });
}

describe.concurrent("a process with an embedded node", () => {
  test("prints nothing, and ends when its own work is done if the node was unreferenced", async () => {
    const running = run("unref");
    expect(await running.exited).toBe(0);
    expect(running.output).toBe("");
  });

  test("stays for what is under way, unreferenced or not", async () => {
    const [leaving, asking] = [run("unref", "leave"), run("unref", "query")];
    expect([await leaving.exited, leaving.output]).toEqual([0, ""]);
    expect([await asking.exited, asking.output]).toEqual([7, ""]);
  });

  test("stays while the node runs, and its signals stay its own", async () => {
    const running = run("say");
    await waitFor(() => running.stdout === "still here\n", { what: "the process to stay", witnesses: [running] });
    running.signal("SIGTERM");
    expect(await running.exited).toBe("SIGTERM");
    expect(running.output).toBe("still here\n");
  });
});
