// Custom collectors, and registries whose failures the test hears of.
import type { Collector, CollectorError, MetricFamily, RegistryOptions, ScrapeContext } from "../../lib/core.ts";
import { Registry } from "../../lib/core.ts";

/** A collector that answers with the families given, or with what a function returns. */
export function collecting(name: string, answer: unknown, describe?: Collector["describe"]): Collector {
  return {
    name,
    collect: (context: ScrapeContext) =>
      (typeof answer === "function" ? answer(context) : answer) as ReturnType<Collector["collect"]>,
    ...(describe && { describe }),
  };
}

/** A family with one series for each value, told apart by the label `n`. */
export function numberFamily(
  name: string,
  values: Readonly<Record<string, number>> = { "": 1 },
  type: "gauge" | "counter" = "gauge",
): MetricFamily {
  const series = Object.entries(values).map(([n, value]) => ({ labels: { n }, value }));
  return { name, type, help: `${name}.`, series };
}

/** A registry and the messages of all that failed in it. */
export function listening(options: RegistryOptions = {}): {
  registry: Registry;
  errors: CollectorError[];
  said: () => string[];
} {
  const errors: CollectorError[] = [];
  const registry = new Registry({ now: () => 1_000, onError: (error) => errors.push(error), ...options });
  return { registry, errors, said: () => errors.map(({ message }) => message) };
}

/** The lines that tell of failures, as they stand at the end of an exposition. */
export function failures(counts: Readonly<Record<string, number>>): string {
  const lines = Object.entries(counts).map(
    ([collector, count]) => `tallystick_collector_errors_total{collector="${collector}"} ${count}\n`,
  );
  return [
    "# HELP tallystick_collector_errors_total Scrapes in which a collector failed and its families were left out.\n",
    "# TYPE tallystick_collector_errors_total counter\n",
    ...lines,
  ].join("");
}

/** Lets all that is ready to run, run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
