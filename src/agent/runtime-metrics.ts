/** What the process costs, under the names that the reference gives to Go's figures. */

import { PerformanceObserver } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { Metrics } from "../base/host.ts";
import { readResidentBytes } from "../host/process-limits.ts";

const nanosecondsPerMs = 1e6;
const firstMs = 1_000;

/** Measures after a second and then at each interval until the returned function is called. It keeps no process alive. */
export function measureRuntime(metrics: Metrics, intervalMs: number): () => void {
  const collections = watchCollections(metrics);
  const measure = (): void => {
    // The nearest to goroutines that Node has: what keeps it running (sockets, timers, children).
    metrics.gauge("runtime.num_goroutines", process.getActiveResourcesInfo().length);
    metrics.gauge("runtime.alloc_bytes", getHeapStatistics().used_heap_size);
    const residentBytes = readResidentBytes();
    if (residentBytes !== undefined) metrics.gauge("runtime.sys_bytes", residentBytes);
    metrics.gauge("runtime.total_gc_pause_ns", collections.pausedNs);
    metrics.gauge("runtime.total_gc_runs", collections.runs);
  };
  let timer = setTimeout(() => {
    measure();
    timer = setInterval(measure, intervalMs).unref();
  }, firstMs).unref();
  return () => {
    clearTimeout(timer);
    collections.stop();
  };
}

function watchCollections(metrics: Metrics) {
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      totals.runs += 1;
      totals.pausedNs += duration * nanosecondsPerMs;
      metrics.sample("runtime.gc_pause_ns", duration * nanosecondsPerMs);
    }
  });
  const totals = { runs: 0, pausedNs: 0, stop: () => observer.disconnect() };
  observer.observe({ entryTypes: ["gc"] });
  return totals;
}
