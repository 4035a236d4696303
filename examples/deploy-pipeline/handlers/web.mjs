/**
 * The serve node's web: runs the applications, each on a port of loopback, and has them at `/NAME/` and at hosts that begin with `NAME.`.
 * The handler tells it at a socket what to start, disable and delete. What was served is served again after a restart.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createServer, request } from "node:http";
import { connect, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { checkDigest, checkName, home } from "./pipeline.mjs";

const webPort = 80;
const socket = join(home, "web.sock");
const stateFile = join(home, "containers.json");
/** Applications run as nobody. */
const nobody = process.getuid() === 0 ? { uid: 65_534, gid: 65_534 } : {};
const startMsMax = 10_000;
const restartMs = 1000;
const orderBytesMax = 10_000;

/** Name -> what runs, or is disabled. */
const containers = new Map();

await mkdir(home, { recursive: true });
for (const [name, { digest, isDisabled }] of Object.entries(readState())) {
  if (isDisabled) containers.set(name, { digest, isDisabled });
  else await start(name, digest).catch((error) => console.log(`${name}: ${error.message}`));
}
rmSync(socket, { force: true });
createServer(control).listen(socket, () => chmodSync(socket, 0o600));
createServer(serve).listen(webPort, "0.0.0.0", () => console.log(`the web listens at port ${webPort}`));
process.once("SIGTERM", () => {
  for (const container of containers.values()) end(container);
  process.exit(0);
});

function control(asked, response) {
  perform(asked).then(
    () => response.end(),
    (error) => response.writeHead(400).end(error.message),
  );
}

async function perform(asked) {
  let text = "";
  for await (const chunk of asked) {
    text += chunk;
    if (text.length > orderBytesMax) throw new Error("the order is too long");
  }
  const order = JSON.parse(text);
  const name = checkName(order.name);
  const container = containers.get(name);
  if (asked.url === "/start") {
    await start(name, checkDigest(order.digest));
    if (container !== undefined) end(container);
    return writeState();
  }
  if (container === undefined) throw new Error(`there is no container ${name}`);
  end(container);
  if (asked.url === "/delete-container") {
    containers.delete(name);
    rmSync(join(home, "apps", name), { recursive: true, force: true });
  } else containers.set(name, { digest: container.digest, isDisabled: true });
  writeState();
}

/** Takes the place of the one before once it takes connections. */
async function start(name, digest) {
  const container = { digest, isDisabled: false, isEnded: false, port: await freePort() };
  launch(name, container);
  const giveUpAtMs = performance.now() + startMsMax;
  while (!(await takesConnections(container.port))) {
    if (container.problem !== undefined || performance.now() > giveUpAtMs) {
      end(container);
      throw new Error(`${name} does not start: ${container.problem ?? "nobody listens at its port"}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  containers.set(name, container);
  console.log(`${name}: serves ${digest}`);
}

function launch(name, container) {
  const image = join(home, "apps", name, container.digest.slice("sha256:".length));
  const { kind, commit, start } = JSON.parse(readFileSync(join(image, "manifest.json"), "utf8"));
  const { port } = container;
  const published = ["run", "--rm", "--env", `PORT=${port}`, "--publish", `127.0.0.1:${port}:${port}`];
  const [program, ...args] = kind === "docker" ? ["docker", ...published, `pipeline/${name}:${commit}`] : start;
  const child = spawn(program, args, {
    cwd: join(image, "root"),
    // Nothing of this process's environment, which has more than an application should know.
    env: { PATH: process.env.PATH, PORT: String(port) },
    stdio: ["ignore", "inherit", "inherit"],
    ...(kind === "docker" ? {} : nobody),
  });
  container.child = child;
  const ended = (how) => {
    container.problem = how;
    if (container.isEnded) return;
    console.log(`${name}: ${how}`);
    setTimeout(() => container.isEnded || launch(name, container), restartMs);
  };
  child.once("error", (error) => ended(error.message));
  child.once("exit", (code, signal) => ended(`ended with ${code ?? signal}`));
}

function end(container) {
  container.isEnded = true;
  container.child?.kill("SIGTERM");
}

function serve(asked, response) {
  const [, first = "", rest = "/"] = /^\/([^/?]*)(.*)$/.exec(asked.url ?? "/") ?? [];
  const byHost = (asked.headers.host ?? "").split(".")[0] ?? "";
  const isByHost = containers.has(byHost);
  const container = containers.get(isByHost ? byHost : first);
  if (first === "" && !isByHost) return sendJson(response, 200, describe());
  if (container === undefined) return sendJson(response, 404, { error: "there is no such application" });
  if (container.isDisabled) return sendJson(response, 503, { error: "the application is disabled" });
  const path = isByHost ? asked.url : rest.startsWith("/") ? rest : `/${rest}`;
  const passed = request(
    { port: container.port, host: "127.0.0.1", method: asked.method, path, headers: asked.headers },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    },
  );
  passed.on("error", (error) => {
    if (response.headersSent) response.destroy();
    else sendJson(response, 502, { error: error.message });
  });
  asked.pipe(passed);
}

function describe() {
  return Object.fromEntries([...containers].map(([name, { digest, isDisabled }]) => [name, { digest, isDisabled }]));
}

function sendJson(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}

function readState() {
  return existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, "utf8")) : {};
}

function writeState() {
  writeFileSync(`${stateFile}.new`, JSON.stringify(describe()));
  renameSync(`${stateFile}.new`, stateFile);
}

async function freePort() {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const probe = connect(port, "127.0.0.1");
    probe.once("connect", () => {
      resolve(true);
      probe.destroy();
    });
    probe.once("error", () => resolve(false));
  });
}
