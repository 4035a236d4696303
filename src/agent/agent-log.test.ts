import { expect, test } from "vitest";
import { AgentLog, type LogFormat } from "./agent-log.ts";

function createLog(level: "DEBUG" | "INFO" | "WARN" = "INFO", heldLinesMax = 10, format: LogFormat = "text") {
  const printed: string[] = [];
  const nowMs = () => new Date(2013, 11, 2, 23, 7, 9).getTime();
  return { printed, log: new AgentLog({ level, nowMs, heldLinesMax, format, print: (line) => printed.push(line) }) };
}

test("a line has the reference's form, in local time", () => {
  const { log, printed } = createLog();
  log.release();
  log.log("INFO", "agent: Received event: user-event: role-check");
  expect(printed).toEqual(["2013/12/02 23:07:09 [INFO] agent: Received event: user-event: role-check"]);
});

test("lines are held back until they are released (detail 20)", () => {
  const { log, printed } = createLog();
  log.log("INFO", "one");
  log.log("ERR", "two");
  expect(printed).toEqual([]);
  log.release();
  log.log("INFO", "three");
  expect(printed.map((line) => line.slice(20))).toEqual(["[INFO] one", "[ERR] two", "[INFO] three"]);
});

test("only the last lines are held back", () => {
  const { log, printed } = createLog("INFO", 2);
  for (const message of ["one", "two", "three"]) log.log("INFO", message);
  log.release();
  expect(printed.map((line) => line.slice(20))).toEqual(["[INFO] two", "[INFO] three"]);
});

test("the level chooses what is printed, not what a monitor can see", () => {
  const { log, printed } = createLog("WARN");
  log.release();
  log.log("INFO", "quiet");
  log.log("WARN", "loud");
  log.setLevel("DEBUG");
  log.log("DEBUG", "now too");
  expect(printed.map((line) => line.slice(20))).toEqual(["[WARN] loud", "[DEBUG] now too"]);
  expect(log.buffer.lines()).toHaveLength(3);
});

test("a message that can wait is made at once where it is printed, and else for who monitors", () => {
  const { log, printed } = createLog("INFO");
  log.release();
  const asked: string[] = [];
  const later = (level: "INFO" | "DEBUG") =>
    log.logLater(level, () => {
      asked.push(level);
      return `a ${level}`;
    });
  later("INFO");
  later("DEBUG");
  expect(asked).toEqual(["INFO"]);
  expect(printed).toEqual(["2013/12/02 23:07:09 [INFO] a INFO"]);
  expect(log.buffer.lines()[1]).toBe("2013/12/02 23:07:09 [DEBUG] a DEBUG");
});

test("a line feed at the end is not doubled", () => {
  const { log, printed } = createLog();
  log.release();
  log.log("INFO", "output: hello\n");
  expect(printed).toEqual(["2013/12/02 23:07:09 [INFO] output: hello"]);
});

test("in JSON a line is an object, with its time in UTC, while monitors see text", () => {
  const { log, printed } = createLog("INFO", 10, "json");
  log.release();
  log.log("WARN", 'agent: a "quoted"\nline\n');
  const time = new Date(2013, 11, 2, 23, 7, 9).toISOString();
  expect(printed).toEqual([`{"time":"${time}","level":"WARN","message":"agent: a \\"quoted\\"\\nline"}`]);
  expect(log.buffer.lines()[0]).toBe('2013/12/02 23:07:09 [WARN] agent: a "quoted"\nline');
});
