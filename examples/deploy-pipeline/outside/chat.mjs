/**
 * A chat with a bot in it, after hubot: people write to `POST /say`, and read `GET /messages`. The bot has "deploy NAME URL" done by the cluster,
 * and says what the cluster tells it.
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { MASTER = "", WEBHOOK_TOKEN = "", CHAT_SECRET = "" } = process.env;
const ageSecondsMax = 300;
const messages = [];

createServer(async (request, response) => {
  let text = "";
  for await (const chunk of request) text += chunk;
  if (request.url === "/messages") return response.end(`${messages.join("\n")}\n`);
  if (request.url === "/say") {
    messages.push(`human: ${text}`);
    await obey(text);
  } else if (isSigned(String(request.headers["serf-signature"]), text)) messages.push(`serf: ${JSON.parse(text).text}`);
  else return response.writeHead(403).end();
  response.end();
}).listen(80);

async function obey(text) {
  const [, name, url] = /^deploy (\S+) (\S+)$/.exec(text) ?? [];
  if (name === undefined) return;
  const answer = await fetch(`http://${MASTER}:7380/event/compile`, {
    method: "POST",
    headers: { Authorization: `Bearer ${WEBHOOK_TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ payload: `${name}|${url}`, coalesce: false }),
  });
  messages.push(`bot: ${answer.ok ? `on it: ${name}` : `no: HTTP ${answer.status}`}`);
}

/** As docs/plugins/webhook.md has it. */
function isSigned(signature, body) {
  const [, seconds = "", hex = ""] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  const expected = createHmac("sha256", CHAT_SECRET).update(`${seconds}.${body}`).digest();
  const isRight = hex !== "" && timingSafeEqual(expected, Buffer.from(hex, "hex"));
  return isRight && Math.abs(Date.now() / 1000 - Number(seconds)) < ageSecondsMax;
}
