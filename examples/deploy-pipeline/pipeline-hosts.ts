/** The four nodes from their user-data, and what is outside of the cluster: a host of git repositories, and a chat. */

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { eventually, type Host, Hosts } from "../shared/hosts.ts";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../..");
export const serf = join(root, "dist/serf.cjs");

export const roles = ["master", "build", "store", "serve"] as const;
export type Role = (typeof roles)[number];

const prefix = "10.79.0";
const addresses = { master: `${prefix}.2`, git: `${prefix}.8`, chat: `${prefix}.9` } as const;
export const gitUrl = `http://${addresses.git}`;
/** Whose name git writes into commits; nothing of this machine's. */
const author = ["-c", "user.name=example", "-c", "user.email=example@example.com", "-c", "init.defaultBranch=main"];

export interface PipelineOptions {
  /** A stand-in takes the place of this machine's, if it has one. */
  readonly docker?: "played";
}

export class Pipeline {
  readonly hosts: Hosts;
  readonly folder: string;
  readonly webhookToken = randomBytes(24).toString("hex");
  readonly registryToken = randomBytes(24).toString("hex");
  private readonly environment: Record<string, string>;

  private constructor(hosts: Hosts, folder: string, key: string) {
    this.hosts = hosts;
    this.folder = folder;
    this.environment = {
      PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}`,
      MASTER: addresses.master,
      HANDLERS: `${gitUrl}/handlers.git`,
      KEY: key,
      WEBHOOK_TOKEN: this.webhookToken,
      REGISTRY_TOKEN: this.registryToken,
      CHAT_URL: `http://${addresses.chat}/serf`,
      CHAT_SECRET: randomBytes(24).toString("hex"),
    };
  }

  /** With the host of repositories and the chat, and none of the nodes yet. */
  static async create(options: PipelineOptions = {}): Promise<Pipeline> {
    const folder = await mkdtemp(join(tmpdir(), "serf-ts-pipeline-"));
    try {
      const key = (await promisify(execFile)(process.execPath, [serf, "keygen"])).stdout.trim();
      const pipeline = new Pipeline(await Hosts.create(prefix), folder, key);
      await pipeline.startOutside(options);
      return pipeline;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A first boot. */
  async start(role: Role): Promise<Host> {
    const srv = join(this.folder, role);
    await mkdir(srv, { recursive: true });
    await chmod(srv, 0o755);
    const command = ["sh", join(here, "first-boot.sh"), srv, join(root, "deploy/cloud-init", role)];
    const address = role === "master" ? { address: addresses.master } : {};
    return this.hosts.start(role, command, { env: this.environment, ...address });
  }

  /** Resolves when every node sees all four ready to work. */
  async converged(): Promise<void> {
    await eventually("the four to be members, and ready", async () => {
      const printed = await this.serf("members", "-status=alive", "-format=json");
      const { members } = JSON.parse(printed) as { members: { tags: Record<string, string> }[] };
      const ready = members.filter(({ tags }) => tags["ready"] !== "false").map(({ tags }) => tags["role"]);
      return (
        members.every(({ tags }) => tags["ready"] === "true" || /master|build/.test(tags["role"] ?? "")) &&
        ready.sort().join() === [...roles].sort().join()
      );
    });
  }

  /** Runs a command on the master. */
  serf(...words: readonly string[]): Promise<string> {
    return this.hosts.host("master").run(process.execPath, serf, ...words);
  }

  /** What somebody outside gets from the web. */
  get(path: string): Promise<string> {
    return this.curl(`http://${this.hosts.host("serve").address}${path}`);
  }

  curl(...words: readonly string[]): Promise<string> {
    return this.hosts.host("chat").run("curl", "-s", "--max-time", "10", ...words);
  }

  /** Somebody writes in the chat. */
  async say(text: string): Promise<void> {
    await this.curl("--data-raw", text, `http://${addresses.chat}/say`);
  }

  async messages(): Promise<readonly string[]> {
    return (await this.curl(`http://${addresses.chat}/messages`)).trim().split("\n");
  }

  /** Puts the files of a folder, changed by `edit`, into a repository as its next commit. */
  async commit(name: string, from: string, edit: (folder: string) => Promise<void> = async () => undefined) {
    const work = join(this.folder, "work", name);
    const bare = join(this.folder, "git", `${name}.git`);
    await mkdir(work, { recursive: true });
    await cp(from, work, { recursive: true });
    await edit(work);
    const git = (...words: readonly string[]) => promisify(execFile)("git", [...author, ...words], { cwd: work });
    await git("init", "--quiet");
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "--message", "Next");
    await git("init", "--quiet", "--bare", bare);
    await git("push", "--quiet", "--force", bare, "HEAD:refs/heads/main");
    // For those who clone it as plain files.
    await git("--git-dir", bare, "update-server-info");
  }

  async close(): Promise<void> {
    await this.hosts.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async startOutside(options: PipelineOptions): Promise<void> {
    await mkdir(join(this.folder, "bin"));
    await symlink(serf, join(this.folder, "bin/serf"));
    if (options.docker === "played") await symlink(join(here, "outside/docker"), join(this.folder, "bin/docker"));
    await this.commit("handlers", join(here, "handlers"));
    await this.commit("hello", join(here, "hello"));
    await this.hosts.start("git", ["node", join(here, "outside/git.mjs"), join(this.folder, "git")], {
      address: addresses.git,
    });
    await this.hosts.start("chat", ["node", join(here, "outside/chat.mjs")], {
      address: addresses.chat,
      env: this.environment,
    });
    // The first boot of a node asks it once.
    await eventually("the repositories to be there", async () =>
      (await this.curl(`${gitUrl}/handlers.git/info/refs?service=git-upload-pack`)).includes("refs/heads/main"),
    );
  }
}

/** Another version of the application. */
export function version(number: string): (folder: string) => Promise<void> {
  return (folder) => writeFile(join(folder, "package.json"), JSON.stringify({ name: "hello", version: number }));
}

export const helloFolder = join(here, "hello");
