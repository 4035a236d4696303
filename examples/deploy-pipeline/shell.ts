/** Starts the four nodes, and then does what it is told, until Ctrl-C. */

import { createInterface } from "node:readline";
import { gitUrl, Pipeline, roles } from "./pipeline-hosts.ts";

const help = `serf WORDS …        on the master: serf event compile "hello|${gitUrl}/hello.git", serf members, serf event role-check
say WORDS …         in the chat: say deploy hello ${gitUrl}/hello.git
chat                what was said in the chat
web PATH            what the web says: web /hello/
log ROLE            the last lines of a node's log: ${roles.join(", ")}
Ctrl-C ends it all`;

const pipeline = await Pipeline.create();
let isClosing = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, close);

try {
  for (const role of roles) console.log(`${role.padEnd(6)} at ${(await pipeline.start(role)).address}`);
  await pipeline.converged();
  console.log(help);
  const shell = createInterface({ input: process.stdin, output: process.stdout, prompt: "pipeline> " });
  shell.once("SIGINT", close);
  shell.prompt();
  for await (const line of shell) {
    await obey(line.trim()).catch((error: Error) => console.log(error.message));
    shell.prompt();
  }
} finally {
  await close();
}

async function obey(line: string): Promise<void> {
  const [word = ""] = line.split(/\s+/, 1);
  const rest = line.slice(word.length).trim();
  switch (word) {
    case "":
      return;
    case "serf":
      return console.log((await pipeline.serf(...wordsOf(rest))).trimEnd());
    case "say":
      return pipeline.say(rest);
    case "chat":
      return console.log((await pipeline.messages()).join("\n"));
    case "web":
      return console.log((await pipeline.get(rest)).trimEnd());
    case "log":
      return console.log(pipeline.hosts.host(rest).lines.slice(-30).join("\n"));
    default:
      return console.log(help);
  }
}

/** Words as a shell divides them: those with blanks or bars in them stand in quotes. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, plain]) => single ?? double ?? plain ?? "",
  );
}

async function close(): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  await pipeline.close();
  process.exit();
}
