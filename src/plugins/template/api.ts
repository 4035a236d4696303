/** What plugins that build on this one may have it do. Names are those of the options, in camel case. */

import type { FileReport } from "../shared/file-keeper.ts";

/** A template: from a file or as a text, one of the two. */
export interface TemplateText {
  /** Absolute path of a file, read again for each use. */
  readonly source?: string;
  readonly text?: string;
  /** Further variables beside members, alive, self, tags and env, before which they count. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** A template and what becomes of it; see the options of the same names. */
export interface TemplateFile extends TemplateText {
  readonly destination: string;
  readonly check?: string;
  readonly reload?: string;
  readonly signal?: string;
  readonly pidFile?: string;
  readonly owner?: string;
  /** "0644" */
  readonly mode?: string;
}

/**
 * Used as `context.use<TemplateApi>("template")`. Whoever decides by itself what follows from a change calls `write` whenever its members
 * change; whoever only needs the file kept up to date calls `add` once. All reject for what is no template, naming the line.
 */
export type TemplateApi = {
  /** The content, and nothing is written. */
  render(template: TemplateText): string;
  /** Renders, checks, replaces and reloads, once. What goes wrong then is in the report. */
  write(file: TemplateFile): Promise<FileReport>;
  /**
   * The same, now and whenever members change. `by` is the instance that asks: another's destination is refused with PLUGIN_IN_USE,
   * its own is replaced.
   */
  add(file: TemplateFile, by: string): Promise<FileReport>;
  /** Looks after the file no more, and leaves it. */
  remove(destination: string): void;
};
