/**
 * Imported before anything else by `main.ts`. Node opens its inspector to everybody on the machine when SIGUSR1 arrives and
 * nobody listens for it; an agent will use that signal for its own purpose.
 */
process.on("SIGUSR1", () => {});
