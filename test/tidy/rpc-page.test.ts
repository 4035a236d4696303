import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { queuedEventsMax, queuedRecordsMax } from "../../src/agent/streams.ts";
import { type CommandName, commandDeclaration, commands, rpcErrors } from "../../src/rpc/commands.ts";
import { encodeFrame } from "../../src/rpc/framing.ts";

const page = readFileSync(new URL("../../docs/RPC.md", import.meta.url), "utf8");
const kinds = ["request", "response", "record"] as const;

test("docs/RPC.md lists every command of the table, with the fields of its request, response and records", () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ?(.*?) ?\| ?(.*?) ?\| ?(.*?) ?\|$/gm)].map(
    ([, name = "", ...cells]) => [name, ...cells.map((cell) => cell.replaceAll("`", ""))],
  );
  const declared = (Object.keys(commands) as CommandName[]).map((name) => [
    name,
    ...kinds.map((kind) => fieldsOf(commandDeclaration(name)[kind])),
  ]);
  expect(rows).toEqual(declared);
});

test("docs/RPC.md names every error that the table has", () => {
  expect(Object.values(rpcErrors).filter((text) => !page.includes(`\`${text}\``))).toEqual([]);
});

test("docs/RPC.md shows the bytes that are sent", () => {
  const lines = [...page.matchAll(/^[<>] ((?:[0-9a-f]{2} )+) *(\{.*\})$/gm)];
  expect(lines).toHaveLength(3);
  for (const [, bytes = "", meaning = ""] of lines)
    expect(Buffer.from(encodeFrame(JSON.parse(meaning))).toString("hex"), meaning).toBe(bytes.replaceAll(" ", ""));
});

test("docs/RPC.md gives the number of records that wait", () => {
  expect(page).toContain(`${queuedEventsMax} for each stream of events, ${queuedRecordsMax} for each other one`);
});

/** A map of maps has no fields of its own. */
function fieldsOf(schema: object | undefined): string {
  if (schema === undefined) return "";
  return "entries" in schema ? Object.keys(schema.entries as object).join(" ") : "sections of texts";
}
