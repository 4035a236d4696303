/** Texts of strangers, such as tags and names, made fit to stand in a line of somebody's configuration. */

/**
 * Control characters, among them line feeds, become `_`: whatever a tag holds, it stays in its line. Nothing else is changed, so that
 * quotes and comment signs still mean to the other program what they mean there.
 */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "_");
}

/**
 * One word for any configuration: whatever is no ASCII letter or digit and none of `. _ : -` becomes `_`. Never empty. Different texts
 * may become the same word.
 */
export function plainWord(text: string): string {
  return text === "" ? "_" : text.replace(/[^A-Za-z0-9._:-]/gu, "_");
}
