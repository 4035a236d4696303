/** A chat in the terminal, without a server: `./run alice`, then `./run bob 192.0.2.10` elsewhere. What is typed is a user event to all who take part. */

import { createInterface } from "node:readline";
import { createSerf, type SerfMember } from "serf-ts";

const [name = process.env["USER"] ?? "somebody", ...contacts] = process.argv.slice(2);
const node = await createSerf({ nodeName: name, bind: process.env["BIND"] ?? "0.0.0.0:7946", tags: { role: "chat" } });
const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: "> " });

/** What others send must not move the cursor or ring the bell. */
function show(line: string): void {
  if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  console.log(line.replace(/\p{Cc}/gu, "?"));
  terminal.prompt(true);
}

function names(members: readonly SerfMember[]): string {
  return members.map((member) => member.name).join(", ");
}

node.on("user", ({ name: event, payload }) => {
  if (event !== "chat") return;
  const [who = "", text = ""] = new TextDecoder().decode(payload).split("\n", 2);
  if (who !== name) show(`${who}: ${text}`);
});
node.on("member-join", ({ members }) => show(`* ${names(members)} came`));
node.on("member-leave", ({ members }) => show(`* ${names(members)} went`));
node.on("member-failed", ({ members }) => show(`* ${names(members)} is out of reach`));

/** False if it is time to go. */
async function obey(line: string): Promise<boolean> {
  if (line === "/quit") return false;
  if (line === "/who") show(`* ${names(node.members().filter(({ status }) => status === "alive"))}`);
  else if (line !== "") await node.userEvent("chat", `${name}\n${line}`, { coalesce: false });
  return true;
}

// With `replay` a newcomer reads what was said lately.
if (contacts.length > 0) await node.join(contacts, { replay: true });
show(`* you are ${name}, at ${node.localMember.address}:${node.localMember.port}; /who lists all, /quit leaves`);
terminal.on("SIGINT", () => terminal.close());
for await (const line of terminal) {
  try {
    if (!(await obey(line.trim()))) break;
    terminal.prompt();
  } catch (error) {
    show(`* ${error instanceof Error ? error.message : error}`);
  }
}
terminal.close();
await node.leave();
process.exit();
