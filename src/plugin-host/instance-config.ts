/** An instance of a plugin as its file has it: what it is, where it comes from, how it is set up. */

import type { KeyedOptions } from "../plugins/keyed-options.ts";

export interface InstanceConfig {
  /** Also the name of its file. */
  readonly name: string;
  readonly plugin: string;
  readonly origin: InstanceOrigin;
  readonly enabled: boolean;
  readonly options: KeyedOptions;
}

export type InstanceOrigin =
  | { readonly kind: "box" }
  | { readonly kind: "folder"; readonly folder: string }
  | { readonly kind: "package"; readonly package: string };

/** For lists: a path, a package, or nothing. */
export function describeOrigin(origin: InstanceOrigin): string {
  switch (origin.kind) {
    case "box":
      return "";
    case "folder":
      return origin.folder;
    case "package":
      return origin.package;
  }
}
