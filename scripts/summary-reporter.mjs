// The last lines of a run, in the plain form that scripts and people can search for: tests that passed only when they were tried again, each with
// why, and "N passed, N failed, N skipped".

export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      counts.failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state in counts) counts[state] += 1;
        if (test.diagnostic()?.flaky) tellOfSecondTry(test);
      }
    }
    console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  }
}

function tellOfSecondTry(test) {
  const [reason] = test.result().errors ?? [];
  const [why = "no reason given"] = (reason?.message ?? "").split("\n").filter(Boolean);
  console.log(`passed only when tried again: ${test.module.relativeModuleId} > ${test.fullName}: ${why}`);
}
