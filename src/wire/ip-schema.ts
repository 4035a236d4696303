import { bytesToIp, ipToBytes } from "../base/address.ts";
import { readUint32, viewBytes } from "../base/bytes.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema.ts";

/** An IP literal as 4 or 16 bytes; IPv4 is written with 4 and read from either. Empty stands for none. */
class IpSchema extends Schema<string> {
  readonly zero = "";
  private readonly latestTexts = new Array<string>(cacheSlots).fill("");
  private readonly latestKeys = new Uint32Array(cacheSlots);

  read(reader: MsgpackReader): string {
    const length = reader.takeRaw();
    if (length === 0) return "";
    const start = reader.position - length;
    if (length === 4) return this.readIpv4(reader.bytes, start);
    const address = bytesToIp(viewBytes(reader.bytes, start, reader.position));
    if (address !== undefined) return address;
    reader.fail("malformed", `an address of ${length} bytes`);
    return "";
  }

  write(writer: MsgpackWriter, value: string): void {
    const bytes = value === "" ? undefined : ipToBytes(value);
    if (bytes === undefined) writer.nil();
    else writer.raw(bytes);
  }

  /** The same addresses come again and again, and most of a cluster's differ in their last bytes. */
  private readIpv4(bytes: Uint8Array, start: number): string {
    const key = readUint32(bytes, start);
    const slot = (key ^ (key >>> 16)) & (cacheSlots - 1);
    if (this.latestKeys[slot] !== key || this.latestTexts[slot] === "") {
      this.latestKeys[slot] = key;
      this.latestTexts[slot] = bytesToIp(viewBytes(bytes, start, start + 4))!;
    }
    return this.latestTexts[slot]!;
  }
}

const cacheSlots = 1024;

export const ip: Schema<string> = new IpSchema();
