import { StringDecoder } from "node:string_decoder";

/** Lines out of bytes as they come. A line longer than `lengthMax` is cut into several, so that no output without line feeds is kept whole. */
export class LineReader {
  private readonly decoder = new StringDecoder("utf8");
  private readonly lengthMax: number;
  private rest = "";

  constructor(lengthMax = 4096) {
    this.lengthMax = lengthMax;
  }

  push(bytes: Uint8Array): string[] {
    const parts = (this.rest + this.decoder.write(Buffer.from(bytes))).split("\n");
    this.rest = parts.pop() ?? "";
    const lines = parts.flatMap((line) => this.pieces(line.replace(/\r$/, "")));
    if (this.rest.length <= this.lengthMax) return lines;
    const pieces = this.pieces(this.rest);
    this.rest = pieces.pop() ?? "";
    return [...lines, ...pieces];
  }

  /** What has no line feed after it. */
  end(): string[] {
    const rest = this.rest + this.decoder.end();
    this.rest = "";
    return rest === "" ? [] : this.pieces(rest);
  }

  private pieces(line: string): string[] {
    if (line.length <= this.lengthMax) return [line];
    const pieces: string[] = [];
    for (let at = 0; at < line.length; at += this.lengthMax) pieces.push(line.slice(at, at + this.lengthMax));
    return pieces;
  }
}
