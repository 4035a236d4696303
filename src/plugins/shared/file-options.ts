/** Options of files that plugins write, so that all of them are told the same things in the same words. */

import { durationMs, type OptionType, option, text } from "../../base/options.ts";

/** What is done with a file, as operators write it. */
export const fileOptions = {
  check: option(
    text(),
    "",
    'Command that checks the new content before it takes the place of the old, as a line for the shell. `{{file}}`, or `"$FILE"`, is the file to look at. An exit code other than 0 keeps the old content, and what the command printed is shown. Default: nothing is checked.',
  ),
  reload: option(
    text(),
    "",
    'Command for the shell that is run after the content has changed: "systemctl reload haproxy". One that fails is run again ten seconds later.',
  ),
  signal: option(text(32), "", 'Signal to send after the content has changed, to the process of `pid_file`: "HUP".'),
  pidFile: option(text(4096), "", "File with the number of the process to send `signal` to."),
  owner: option(
    text(256),
    "",
    'User who is to own the file, and group: "haproxy" or "haproxy:adm". Default: as the file is, else as the agent.',
  ),
  mode: option(fileMode(), "", 'Permissions of the file, in octal: "0640". Default: as the file is, else 0644.'),
} as const;

/** When files are written. */
export const paceOptions = {
  quietMs: option(durationMs(0, 60_000), 200, "How long members must not change before files are written anew."),
  waitMaxMs: option(
    durationMs(0, 600_000),
    5_000,
    "How long a change waits at most for such quiet, however much changes meanwhile.",
  ),
  startWaitMs: option(
    durationMs(0, 600_000),
    10_000,
    "How long after the start a file that exists is left alone while this node knows no other member: an agent that has just started has yet to find its cluster, and the others are not gone.",
  ),
} as const;

/** "0644", or empty for what is there. */
export function fileMode(): OptionType<string> {
  return {
    name: "permissions",
    readText: (given) => ({ value: given }),
    check: (value) =>
      typeof value === "string" && /^([0-7]{3,4})?$/.test(value)
        ? { value }
        : { problem: `must be three or four octal digits such as "0644", is ${JSON.stringify(value)}` },
  };
}
