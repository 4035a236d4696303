/** JSON as Go's `json.MarshalIndent(value, "", "  ")` writes it. */
export function indentedJson(value: unknown): string {
  // Escapes that are there already are matched whole, so that none is seen from its middle.
  return JSON.stringify(value, null, 2).replace(/[<>&\u2028\u2029]|\\./g, (found) => goEscapes[found] ?? found);
}

const goEscapes: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
  "\\b": "\\u0008",
  "\\f": "\\u000c",
};
