/**
 * Everything that the package promises, by entry point: a name that comes, goes or changes from type to value shows here. Every one
 * of them is documented where it is declared.
 */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Names as they are exported: "type X" for what exists in TypeScript alone. */
const promised: Readonly<Record<string, string>> = {
  ".": `
    type Accuser, type Coordinate, type CreateSerfOptions, type Endpoint, type ErrorCode, type EventOf, type Host, type JoinFailure,
    type JoinResult, type KeyOperation, type KeyReport, KeysError, type LogLevel, type Logger, type MemberEvent, type MemberEventKind, type MemberStatus,
    type MemberlistOptions, type MemberlistProfile, type Metrics, type MissedEvents, type NodeHost, type NodeHostOptions,
    type QueryAnswer, type QueryEnd, type QueryEvent, type QueryOptions, type QueryParams, type QueryResults, type ReconnectTimeoutOverride,
    SerfError, type SerfEvent, type SerfMember, type SerfNode, type SerfOptions, type SerfState, type Subscription, type SuspectedMember, type Tags, type UserEvent,
    type VersionVector, createLogger, createNodeHost, createSerf, distanceSeconds, errorCodes, memberlistProfiles,
  `,
  "./memberlist": `
    type Accuser, type AliveDelegate, type AnnouncementDone, type Broadcast, BroadcastQueue, type BroadcastQueueOptions,
    type ConflictDelegate, type Delegates, Directory, type Endpoint, type ErrorCode, type Host, type JoinFailure,
    type JoinResult, Keyring, type Member, type MemberDelegate, Memberlist, type MemberlistOptions,
    type MemberlistProfile, type MergeDelegate, type NodeState, type PingDelegate, type SendDone, SerfError,
    type SuspectedMember, type UserDataDelegate, type VersionVector, memberlistProfiles,
  `,
  "./agent": `
    type Agent, type AgentConfig, type AgentOptions, type AgentStats, type CreateAgentSurroundings, type ErrorCode,
    type EventFilter, type EventScript, type JoinFailure, type JoinResult, type KeyOperation, type KeyReport, type LogBuffer, type LogListener,
    type MemberEvent, type MemberEventKind, type MemberStatus, SerfError, type SerfEvent, type SerfMember, type Tags,
    type UserEvent, createAgent,
  `,
  "./client": `
    type AgentEvent, type AgentMember, type AgentStats, type ConnectOptions, type Coordinate, type ErrorCode,
    type KeyOperation, type KeyReport, KeysError, type MemberFilter, type MissedEvents, type PluginActionInput,
    type PluginActionName, type PluginActionOutput, type PluginActions, type PluginChange, type PluginFound,
    type PluginInfo, type PluginInstanceView, type PluginOptionView, type PluginState, type QueryAnswer, type QueryParams,
    type SerfClient, SerfError, type StreamOptions, type Subscription, connectSerf, distanceSeconds,
  `,
  "./plugins": `
    type BenchMember, type Checked, type CheckedFile, type ErrorCode, type FileOutcome, type Option,
    type OptionDeclarations, type OptionType, type Plugin, type PluginAction, type PluginAgent, type PluginApi,
    type PluginBench, type PluginBenchOptions, type PluginContext, type PluginEnding, type PluginEvents, type PluginLogger,
    type PluginMember, type PluginMemberEvent, type PluginMembers, type PluginProcesses, type PluginQueries,
    type PluginQuery, type PluginQueryOptions, type PluginQueryResult, type PluginScheduler, type PluginSignal,
    type PluginTags, type PluginUserEvent, type ProcessResult, type RecordsType, type RemoteApi,
    type ResolvedOptions, type RunOptions, type RunningPlugin, SerfError, type StartedProcess, boolean, choice,
    createPluginBench, definePlugin, durationMs, integer, pairs, records, secret, text, texts, writeFileChecked,
  `,
  "./simulator": `
    type AskedQuery, type CheckedWorld, type Checker, type CheckerFactory, type Detection, type Dissemination,
    type Distribution, Forecast, type ForecastOptions, type ForecastPhase, type ForecastReport, type Latency,
    type LinkConditions, type Load, type LogLine, type MemberChange, type NodeCondition, Observations, type Place,
    type RecordingLogger, type RecordingMetrics, type Report, type RunOptions, type RunReport, type Sample,
    type SampleSummary, type Scenario, ScenarioRun, type Seen, type SentEvent, type SimulatedDisk, type SimulatedHost,
    SimulatedNetwork, type SimulatedNetworkOptions, type SimulatedNode, Simulation, type SimulationOptions, type Step,
    type StillFails, type SwarmOptions, type TrafficCounts, type Violation, allCheckers, checkScenario, drawScenario,
    observe, runScenario, shrinkScenario,
  `,
};

interface Exported {
  readonly name: string;
  readonly isType: boolean;
  /** Where it is declared. */
  readonly file: string;
}

test("the package has these entry points", () => {
  const entries = Object.keys(manifest.exports).filter((entry) => entry !== "./package.json");
  expect(entries).toEqual(Object.keys(promised));
});

describe.each(Object.entries(promised))("%s", (entry, names) => {
  const file = manifest.exports[entry].default.replace("./dist/", "src/").replace(/\.js$/, ".ts");
  const exported = listExports(file);

  test("exports just these names", () => {
    const found = exported.map(({ name, isType }) => (isType ? `type ${name}` : name)).sort(byName);
    expect(found).toEqual(words(names));
  });

  test("exports just these values when it runs", async () => {
    const values = words(names).filter((name) => !name.startsWith("type "));
    expect(Object.keys(await import(join(root, file))).sort(byName)).toEqual(values);
  });

  test("documents every one of them", () => {
    expect(exported.filter((one) => !isDocumented(one)).map(({ name, file }) => `${name} in ${file}`)).toEqual([]);
  });
});

function words(names: string): string[] {
  return names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

function byName(a: string, b: string): number {
  return a.replace("type ", "") < b.replace("type ", "") ? -1 : 1;
}

/** Entry points export by name, what is declared in them and what comes from elsewhere. */
function listExports(file: string): Exported[] {
  const text = readFileSync(join(root, file), "utf8");
  const passedOn = [...text.matchAll(/^export (type )?\{([^}]*)\} from "([^"]+)"/gm)].flatMap(
    ([, allTypes, list = "", from = ""]) =>
      words(list).map((name) => ({
        name: name.replace("type ", ""),
        isType: allTypes !== undefined || name.startsWith("type "),
        file: join(dirname(file), from),
      })),
  );
  const own = [...text.matchAll(/^export (?:async )?(interface|type|function|const|class) (\w+)/gm)].map(
    ([, what, name = ""]) => ({ name, isType: what === "interface" || what === "type", file }),
  );
  return [...passedOn, ...own];
}

function isDocumented({ name, file }: Exported): boolean {
  const text = readFileSync(join(root, file), "utf8");
  return new RegExp(`\\*/\\nexport (?:abstract |async )*(?:interface|type|function|const|class) ${name}\\b`).test(text);
}
