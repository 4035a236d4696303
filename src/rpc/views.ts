/** What the protocol's records mean to programs, on either side of it. */

import { bytesToIp, ipToBytes } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import type { KeyReport } from "../base/key-report.ts";
import type { Coordinate } from "../coordinate/coordinate.ts";
import type { CoordinateRecord, KeyReportRecord, MemberRecord } from "./commands.ts";

/** A member as the agent sees it. */
export interface AgentMember {
  readonly name: string;
  /** IP literal; empty if the agent sent none. */
  readonly address: string;
  readonly port: number;
  readonly tags: Readonly<Record<string, string>>;
  /** "alive", "leaving", "left" or "failed". */
  readonly status: string;
  readonly versions: {
    readonly protocolMin: number;
    readonly protocolMax: number;
    readonly protocolCurrent: number;
    readonly delegateMin: number;
    readonly delegateMax: number;
    readonly delegateCurrent: number;
  };
  /** Only where somebody does not reach the member: it is suspected, and failed unless it refutes. Times are milliseconds since 1970. */
  readonly suspicion?: {
    readonly sinceMs: number;
    /** First who said so first; the others confirm it. */
    readonly accusers: readonly { readonly name: string; readonly sinceMs: number }[];
  };
}

/** The figures of an agent: sections, and under each what operators look at, in texts. */
export type AgentStats = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The keys are in the order in which the reference writes them. */
export function encodeMember(member: AgentMember): MemberRecord {
  const { suspicion, versions } = member;
  return {
    Addr: ipToBytes(member.address) ?? emptyBytes,
    DelegateCur: versions.delegateCurrent,
    DelegateMax: versions.delegateMax,
    DelegateMin: versions.delegateMin,
    Name: member.name,
    Port: member.port,
    ProtocolCur: versions.protocolCurrent,
    ProtocolMax: versions.protocolMax,
    ProtocolMin: versions.protocolMin,
    Status: member.status,
    ...(suspicion === undefined ? {} : { Suspicion: encodeSuspicion(suspicion) }),
    Tags: member.tags,
  };
}

function encodeSuspicion({ accusers, sinceMs }: NonNullable<AgentMember["suspicion"]>) {
  return { Accusers: accusers.map(({ name, sinceMs: since }) => ({ Name: name, Since: since })), Since: sinceMs };
}

function decodeSuspicion({ Suspicion: record }: MemberRecord): Pick<AgentMember, "suspicion"> {
  if (record === undefined) return {};
  const accusers = record.Accusers.map(({ Name: name, Since: sinceMs }) => ({ name, sinceMs }));
  return { suspicion: { sinceMs: record.Since, accusers } };
}

export function decodeMember(record: MemberRecord): AgentMember {
  return {
    ...decodeSuspicion(record),
    name: record.Name,
    address: bytesToIp(record.Addr) ?? "",
    port: record.Port,
    tags: record.Tags,
    status: record.Status,
    versions: {
      protocolMin: record.ProtocolMin,
      protocolMax: record.ProtocolMax,
      protocolCurrent: record.ProtocolCur,
      delegateMin: record.DelegateMin,
      delegateMax: record.DelegateMax,
      delegateCurrent: record.DelegateCur,
    },
  };
}

export function encodeCoordinate({ vec, error, adjustment, height }: Coordinate): CoordinateRecord {
  return { Adjustment: adjustment, Error: error, Height: height, Vec: [...vec] };
}

export function decodeCoordinate({ Vec, Error: error, Adjustment, Height }: CoordinateRecord): Coordinate {
  return { vec: Vec, error, adjustment: Adjustment, height: Height };
}

export function decodeKeyReport(record: KeyReportRecord, error: string): KeyReport {
  return {
    nodeCount: record.NumNodes,
    responseCount: record.NumResp,
    errorCount: record.NumErr,
    messages: new Map(Object.entries(record.Messages)),
    keys: new Map(Object.entries(record.Keys)),
    primaryKeys: new Map(),
    problem: error === "" ? undefined : error,
  };
}
