// A client that asks again and again, on a new connection each time, and prints what came of it: one line of JSON every 100 ms, with everything so far.

import { Agent, get } from "node:http";

const [url = "", concurrency = "4"] = process.argv.slice(2);
const soFar = { requests: 0, failures: 0, answers: {}, reasons: {} };
const agent = new Agent({ keepAlive: false });

function ask() {
  return new Promise((resolve) => {
    const done = (failure, name = "") => {
      soFar.requests += 1;
      if (failure === undefined) soFar.answers[name] = (soFar.answers[name] ?? 0) + 1;
      else {
        soFar.failures += 1;
        soFar.reasons[failure] = (soFar.reasons[failure] ?? 0) + 1;
      }
      resolve();
    };
    const request = get(url, { agent, timeout: 15_000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => {
        text += part;
      });
      response.on("end", () =>
        done(response.statusCode === 200 ? undefined : `status ${response.statusCode}`, text.trim()),
      );
      response.on("error", (error) => done(error.code ?? error.message));
    });
    request.on("timeout", () => request.destroy(new Error("no answer within 15 s")));
    request.on("error", (error) => done(error.code ?? error.message));
  });
}

setInterval(() => console.log(JSON.stringify(soFar)), 100);
for (let worker = 0; worker < Number(concurrency); worker++)
  (async () => {
    for (;;) await ask();
  })();
