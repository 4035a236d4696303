import { ipToBytes } from "../../base/address.ts";

/** Networks told apart at a time. One forged source after another gains nothing: those beyond share one allowance. */
const networksMax = 10_000;

interface Allowance {
  left: number;
  atMs: number;
}

/**
 * How many answers a second go to one network over UDP, where the source of a question may be forged: a /24 of IPv4 or a /56 of IPv6, as
 * whoever forges may as well forge the neighbours. A second's worth may come at once. Loopback cannot be forged.
 */
export class RateLimiter {
  private readonly perSecond: number;
  private readonly nowMs: () => number;
  /** In the order in which they were last used. */
  private readonly networks = new Map<string, Allowance>();
  private readonly others: Allowance;

  /** 0 is no limit. */
  constructor(perSecond: number, nowMs: () => number = () => performance.now()) {
    this.perSecond = perSecond;
    this.nowMs = nowMs;
    this.others = { left: perSecond, atMs: nowMs() };
  }

  allows(address: string): boolean {
    if (this.perSecond === 0) return true;
    const network = networkOf(address);
    if (network === undefined) return true;
    const allowance = this.allowanceOf(network);
    const nowMs = this.nowMs();
    const earned = ((nowMs - allowance.atMs) * this.perSecond) / 1000;
    allowance.left = Math.min(this.perSecond, allowance.left + earned);
    allowance.atMs = nowMs;
    if (allowance.left < 1) return false;
    allowance.left -= 1;
    return true;
  }

  private allowanceOf(network: string): Allowance {
    const known = this.networks.get(network);
    if (known !== undefined) {
      this.networks.delete(network);
      this.networks.set(network, known);
      return known;
    }
    if (this.networks.size >= networksMax) {
      // The one idle for longest has its second's worth again, or it stays.
      const [oldest, { atMs }] = this.networks.entries().next().value!;
      if (this.nowMs() - atMs < 1000) return this.others;
      this.networks.delete(oldest);
    }
    const allowance = { left: this.perSecond, atMs: this.nowMs() };
    this.networks.set(network, allowance);
    return allowance;
  }
}

/** Undefined for loopback. */
function networkOf(address: string): string | undefined {
  const bytes = ipToBytes(address.replace(/%.*$/, ""));
  if (bytes === undefined) return "";
  if (bytes.length === 4) return bytes[0] === 127 ? undefined : bytes.subarray(0, 3).join(".");
  const isLoopback = bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
  return isLoopback ? undefined : bytes.subarray(0, 7).join(":");
}
