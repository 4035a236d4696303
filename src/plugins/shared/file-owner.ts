import { readFile } from "node:fs/promises";
import type { PluginProcesses } from "../plugin.ts";

/** The ids of "user", "user:group" or ":group", given as names or numbers. Rejects where the machine has none of that name. */
export async function findOwner(
  text: string,
  current: { readonly uid: number; readonly gid: number },
  processes: Pick<PluginProcesses, "run">,
): Promise<{ readonly uid: number; readonly gid: number }> {
  const [user = "", group] = text.split(":");
  const entry = user === "" ? undefined : await findEntry("passwd", user, processes);
  const groupEntry = group === undefined || group === "" ? undefined : await findEntry("group", group, processes);
  return {
    uid: entry?.id ?? current.uid,
    gid: groupEntry?.id ?? entry?.gid ?? current.gid,
  };
}

interface Entry {
  readonly id: number;
  /** Of a user: the group that goes with it. */
  readonly gid: number | undefined;
}

async function findEntry(
  database: "passwd" | "group",
  name: string,
  processes: Pick<PluginProcesses, "run">,
): Promise<Entry> {
  // The first two columns after the password are the ids; a group has one.
  const fields = (await lookUp(database, name, processes))?.split(":");
  if (fields !== undefined)
    return { id: Number(fields[2]), gid: database === "passwd" ? Number(fields[3]) : undefined };
  if (/^\d{1,10}$/.test(name)) return { id: Number(name), gid: undefined };
  throw new Error(`there is no ${database === "passwd" ? "user" : "group"} ${JSON.stringify(name)} on this machine`);
}

/** `getent` knows directories of users on the network too; where there is none of it, the file has to do. */
async function lookUp(
  database: "passwd" | "group",
  name: string,
  processes: Pick<PluginProcesses, "run">,
): Promise<string | undefined> {
  const found = await processes.run(["getent", database, "--", name]).catch(() => undefined);
  if (found !== undefined) return found.exitCode === 0 ? found.stdout.trim() : undefined;
  const lines = (await readFile(`/etc/${database}`, "utf8")).split("\n");
  return lines.find((line) => line.startsWith(`${name}:`) || line.split(":")[2] === name);
}
