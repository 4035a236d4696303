/** Whether a program is well. */

import { connect } from "node:net";
import { messageOf } from "../../base/errors.ts";
import type { PluginProcesses } from "../plugin.ts";
import { type Endpoint, readEndpoint } from "../shared/endpoint.ts";
import type { ProgramOptions } from "./options.ts";

/** Resolves to what is wrong, or undefined. Never rejects. */
export type Check = () => Promise<string | undefined>;

/** Undefined where none is asked for. */
export function checkOf(
  { check, checkTcp, checkHttp, checkTimeoutMs, cwd, env }: ProgramOptions,
  processes: Pick<PluginProcesses, "shell">,
): Check | undefined {
  if (check !== "") {
    const where = { env, timeoutMs: checkTimeoutMs, ...(cwd !== "" && { cwd }) };
    return () => checkByCommand(() => processes.shell(check, where));
  }
  const endpoint = checkTcp === "" ? undefined : readEndpoint(checkTcp);
  if (endpoint !== undefined && "port" in endpoint) return () => checkByTcp(endpoint, checkTimeoutMs);
  return checkHttp === "" ? undefined : () => checkByHttp(checkHttp, checkTimeoutMs);
}

async function checkByCommand(run: () => ReturnType<PluginProcesses["shell"]>): Promise<string | undefined> {
  try {
    const { exitCode, signal, timedOut, stdout, stderr } = await run();
    if (exitCode === 0 && !timedOut) return undefined;
    const said = (stderr.trim() || stdout.trim()).split("\n")[0] ?? "";
    const how = timedOut ? "the check took too long" : `the check ended with ${exitCode ?? signal}`;
    return said === "" ? how : `${how}: ${said}`;
  } catch (error) {
    return messageOf(error);
  }
}

function checkByTcp({ host, port }: Endpoint, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const done = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    socket.once("connect", () => done(undefined));
    socket.once("timeout", () => done(`no connection to ${host}:${port} in ${timeoutMs} ms`));
    socket.once("error", (error) => done(messageOf(error)));
  });
}

async function checkByHttp(url: string, timeoutMs: number): Promise<string | undefined> {
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeoutMs) });
    await answer.body?.cancel().catch(() => undefined);
    return answer.status < 400 ? undefined : `HTTP ${answer.status}`;
  } catch (error) {
    const cause = error instanceof Error ? (error.cause ?? error) : error;
    return messageOf(cause);
  }
}
