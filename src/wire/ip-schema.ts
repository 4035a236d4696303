import { bytesToIp, ipToBytes } from "../base/address.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema.ts";

/** An IP literal as 4 or 16 bytes; IPv4 is written with 4 and read from either. Empty stands for none. */
class IpSchema extends Schema<string> {
  readonly zero = "";

  read(reader: MsgpackReader): string {
    const bytes = reader.raw();
    if (bytes.length === 0) return "";
    const address = bytesToIp(bytes);
    if (address !== undefined) return address;
    reader.fail("malformed", `an address of ${bytes.length} bytes`);
    return "";
  }

  write(writer: MsgpackWriter, value: string): void {
    const bytes = value === "" ? undefined : ipToBytes(value);
    if (bytes === undefined) writer.nil();
    else writer.raw(bytes);
  }
}

export const ip: Schema<string> = new IpSchema();
