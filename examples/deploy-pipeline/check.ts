/** Starts the four nodes from their user-data, deploys in every way there is, tries to break in, and holds it all to what the README says. */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually, skipUnless } from "../shared/hosts.ts";
import { gitUrl, helloFolder, Pipeline, roles, serf, version } from "./pipeline-hosts.ts";

const hello = `${gitUrl}/hello.git`;
await skipUnless("git", "curl", "tar");
const pipeline = await Pipeline.create({ docker: "played" });
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void pipeline.close().finally(() => process.exit(1)));

try {
  // In any order: the others ask until the master is there.
  for (const role of roles.toReversed()) await pipeline.start(role);
  await pipeline.converged();
  say("four nodes from their user-data");

  await pipeline.serf("event", "role-check");
  for (const role of roles) await logged(role, `${role} role is ${role}`);
  say("role-check: each says its role");

  await pipeline.serf("event", "compile", `hello|${hello}`);
  await serves("/hello/x", "Hello from version 1, asked for /x\n");
  const [first] = await digestsOf("hello");
  say(`compile "name|git-url": ${first}`);

  await pipeline.commit("hello", helloFolder, version("2"));
  await pipeline.serf("event", `compile|${hello}`);
  await serves("/hello/", "Hello from version 2, asked for /\n");
  assert.equal((await digestsOf("hello")).length, 2);
  say("compile|giturl, as one word: the next version takes the place of the first");

  await pipeline.commit("hello", helloFolder, version("3"));
  await pipeline.say(`deploy hello ${hello}`);
  await serves("/hello/", "Hello from version 3, asked for /\n");
  await eventually("the chat to hear of it", async () => {
    const messages = await pipeline.messages();
    assert.ok(messages.includes("bot: on it: hello"));
    assert.ok(messages.some((line) => /^serf: event serving: hello\|sha256:[0-9a-f]{64}$/.test(line)));
  });
  const stranger = ["-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", `http://10.79.0.2:7380/event/compile`];
  assert.equal(await pipeline.curl(...stranger), "401");
  say("a chat message through the webhook");

  await usesDocker();
  await refusesHostility();
  await refusesFalseImages();

  await pipeline.serf("event", "disable-container", "hello");
  await serves("/hello/", '{"error":"the application is disabled"}\n');
  await pipeline.serf("event", "delete-container", "hello");
  await serves("/hello/", '{"error":"there is no such application"}\n');
  assert.deepEqual(await readdir(join(pipeline.folder, "serve/pipeline/apps")), []);
  say("disable-container, delete-container");

  const monitor = await pipeline.hosts
    .host("master")
    .run("sh", "-c", 'timeout -s INT 3 "$@" || true', "sh", process.execPath, serf, "monitor", "-log-level=debug");
  for (const event of ["role-check", "compile", "pushed", "serving", "disabled", "deleted"])
    assert.match(monitor, new RegExp(`agent: Received event: user-event: ${event}\\n`));
  say("serf monitor shows the whole flow");
} catch (error) {
  for (const name of pipeline.hosts.names)
    console.error(`--- ${name}\n${pipeline.hosts.host(name).lines.slice(-40).join("\n")}`);
  throw error;
} finally {
  await pipeline.close();
}

/** Where the build and the serve node have Docker, and the repository a Dockerfile. Somebody else plays Docker: its commands are what is checked. */
async function usesDocker(): Promise<void> {
  await pipeline.commit("boxed", helloFolder, async (folder) => {
    await writeFile(join(folder, "Dockerfile"), "FROM node:20-slim\nCOPY . .\nCMD node server.js\n");
  });
  await pipeline.serf("event", "-coalesce=false", "compile", `${gitUrl}/boxed.git`);
  await serves("/boxed/", "from a container\n");
  const commandsOf = (role: string) => readFile(join(pipeline.folder, role, "docker.log"), "utf8");
  const build =
    /^docker info\ndocker build --quiet --tag (pipeline\/boxed:[0-9a-f]{40}) \S+\ndocker save --output \S+ \1\n$/;
  const [, tag = ""] = build.exec(await commandsOf("build")) ?? [];
  const serve =
    /^docker load --quiet --input \S+\ndocker run --rm --env PORT=(\d+) --publish 127\.0\.0\.1:\1:\1 (\S+)\n$/;
  assert.equal(serve.exec(await commandsOf("serve"))?.[2], tag);
  await pipeline.serf("event", "-coalesce=false", "delete-container", "boxed");
  await serves("/boxed/", '{"error":"there is no such application"}\n');
  say("a repository with a Dockerfile: docker build, save, load, run, by a stand-in for Docker");
}

/** Payloads that would run something, or write somewhere, if anything of them ever reached a shell, a path or an option. */
async function refusesHostility(): Promise<void> {
  const mark = ["touch$", "{IFS}/srv/broken-in"].join("");
  const payloads = [
    `hello; touch /srv/broken-in|${hello}`,
    `$(touch /srv/broken-in)|${hello}`,
    `\`touch /srv/broken-in\`|${hello}`,
    `../../../etc/cron.d/x|${hello}`,
    `-x|${hello}`,
    `hello|${hello}; touch /srv/broken-in`,
    `hello|${hello}$(${mark})`,
    `hello|--upload-pack=${mark}`,
    `hello|ext::sh -c touch% /srv/broken-in`,
    "hello|file:///etc",
    `hello|ssh://-oProxyCommand=${mark}/x`,
    `hello\n|${hello}`,
    "",
  ];
  const before = await pipeline.messages();
  for (const payload of payloads) await pipeline.serf("event", "-coalesce=false", "compile", payload);
  await pipeline.serf("event", "-coalesce=false", "compile|$(touch /srv/broken-in)");
  await pipeline.serf("event", "-coalesce=false", "pushed", "../../etc|sha256:00");
  await pipeline.serf("event", "-coalesce=false", "delete-container", "../..");
  const expected = payloads.length + 3;
  await eventually("every one of them to be refused", async () => {
    const news = (await pipeline.messages()).slice(before.length);
    const refused = news.filter((line) => /^serf: event [\w-]+-failed: not (a name|a digest|the URL)/.test(line));
    assert.equal(refused.length, expected, news.join("\n"));
  });
  for (const role of roles) assert.equal(existsSync(join(pipeline.folder, role, "broken-in")), false);
  await serves("/hello/", "Hello from version 3, asked for /\n");
  say(`${expected} hostile payloads: all refused, nothing run`);
}

/** An image that is not what was announced is neither stored nor served. */
async function refusesFalseImages(): Promise<void> {
  const store = `http://${pipeline.hosts.host("store").address}:5000/images`;
  const digest = `sha256:${"0".repeat(64)}`;
  const put = (path: string, token: string) =>
    pipeline.curl("-X", "PUT", "--data", "evil", "-H", `Authorization: Bearer ${token}`, `${store}/${path}`);
  assert.equal(await put(`hello/${digest}`, "guessed"), '{"error":"the token is missing or wrong"}\n');
  const token = pipeline.registryToken;
  assert.equal(await put(`hello/${digest}`, token), '{"error":"the image has another digest"}\n');
  assert.match(await put(`..%2f..%2fetc/${digest}`, token), /not a name/);
  await pipeline.serf("event", "-coalesce=false", "pushed", `hello|${digest}`);
  await eventually("it not to be served", async () =>
    (await pipeline.messages()).includes("serf: event pushed-failed: the store says HTTP 404"),
  );
  say("false images: neither stored nor served");
}

function say(text: string): void {
  console.log(text);
}

async function logged(role: (typeof roles)[number], text: string): Promise<void> {
  await eventually(`${role} to log ${JSON.stringify(text)}`, () =>
    pipeline.hosts.host(role).lines.some((line) => line.includes(text)),
  );
}

async function serves(path: string, text: string): Promise<void> {
  await eventually(`${path} to be ${JSON.stringify(text)}`, async () => assert.equal(await pipeline.get(path), text));
}

async function digestsOf(name: string): Promise<readonly string[]> {
  const listed = await pipeline.curl(`http://${pipeline.hosts.host("store").address}:5000/images`);
  return (JSON.parse(listed) as Record<string, string[]>)[name] ?? [];
}
