/** Two people chat, one of them in a terminal, and what they see is what the README says. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("chat.ts", import.meta.url));
const people: Person[] = [];

/** Somebody at a keyboard. */
class Person {
  seen = "";
  private readonly child: ChildProcess;
  readonly gone: Promise<unknown[]>;

  constructor(command: readonly string[]) {
    const [first = "", ...rest] = command;
    this.child = spawn(first, rest, {
      env: { ...process.env, BIND: "127.0.0.1:0" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.seen += text;
    });
    this.gone = once(this.child, "exit");
    people.push(this);
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  async sees(text: string | RegExp): Promise<string> {
    const deadline = Date.now() + 30_000;
    while (Date.now() < deadline) {
      const found =
        typeof text === "string" ? (this.seen.includes(text) ? text : undefined) : this.seen.match(text)?.[1];
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`did not see ${text} but:\n${this.seen}`);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

function chat(...args: readonly string[]): readonly string[] {
  return [process.execPath, "--import", "tsx", program, ...args];
}

/** In a pseudo-terminal where the machine has `script` to make one. */
function inTerminal(command: readonly string[]): readonly string[] {
  const quoted = command.map((word) => `'${word}'`).join(" ");
  return spawnSync("script", ["--version"]).status === 0 ? ["script", "-qefc", quoted, "/dev/null"] : command;
}

try {
  const alice = new Person(inTerminal(chat("alice")));
  const address = await alice.sees(/you are alice, at ([\d.:]+);/);
  alice.type("anybody here?");
  const bob = new Person(chat("bob", address));
  await alice.sees("* bob came");
  await bob.sees("alice: anybody here?");
  bob.type("hello alice");
  await alice.sees("bob: hello alice");
  bob.type("a bell \u0007 for you");
  await alice.sees("bob: a bell ? for you");
  bob.type("/who");
  await bob.sees(/\* (alice, bob|bob, alice)/);
  bob.type("x".repeat(600));
  await bob.sees(/\* (.*limit.*)/);
  bob.type("/quit");
  assert.deepEqual(await bob.gone, [0, null]);
  await alice.sees("* bob went");
  alice.type("\u0003");
  assert.deepEqual(await alice.gone, [0, null]);
  console.log("two people came, talked and went");
} finally {
  for (const person of people) person.kill();
}
