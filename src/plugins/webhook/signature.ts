import { createHmac } from "node:crypto";

/**
 * The value of Serf-Signature: `t=SECONDS,v1=HEX`, where HEX is the HMAC-SHA256 of the seconds, a dot and the body. The time is signed
 * too, so that a receiver can refuse what somebody recorded and sends again.
 */
export function sign(secret: string, timeSeconds: number, body: string): string {
  const digest = createHmac("sha256", secret).update(`${timeSeconds}.${body}`).digest("hex");
  return `t=${timeSeconds},v1=${digest}`;
}
