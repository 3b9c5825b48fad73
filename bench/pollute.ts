import type { Client } from "./client.ts";
import { labelColumns } from "./traffic.ts";

/**
 * Uses a client as a program with many metrics does, before anything is timed. Without this, V8 would compile the client's code
 * for the one metric that is measured, which flatters every client by half and more.
 */
export async function pollute({ Registry, Counter, Gauge, Histogram }: Client, runs = 2000): Promise<void> {
  const registry = new Registry();
  const registers = [registry];
  const { route, method } = labelColumns(60);
  const help = "Not measured.";

  const plain = new Counter({ name: "other_events_total", help, registers });
  const jobs = new Counter({ name: "other_jobs_total", help, labelNames: ["queue"], registers });
  const queries = new Counter({ name: "other_queries_total", help, labelNames: ["table", "verb"], registers });
  const cache = new Counter({ name: "other_cache_total", help, labelNames: ["region", "tier", "hit"], registers });
  const mails = new Counter({ name: "other_mails_total", help, labelNames: ["from", "to", "list", "kind"], registers });
  const calls = new Counter({ name: "other_calls_total", help, labelNames: ["a", "b", "c", "d", "e"], registers });
  const active = new Gauge({ name: "other_active", help, labelNames: ["pool"], registers });
  const depth = new Gauge({ name: "other_depth", help, labelNames: ["queue", "shard"], registers });
  const waits = new Histogram({ name: "other_wait_seconds", help, labelNames: ["lock"], registers });
  const sizes = new Histogram({
    name: "other_size_bytes",
    help,
    labelNames: ["kind", "code"],
    buckets: [10, 100, 1000],
    registers,
  });
  const kept = jobs.labels("kept");
  const keptDepth = depth.labels("kept", "0");
  const keptWait = waits.labels("kept");

  for (let i = 0; i < runs; i++) {
    const text = route[i % route.length] as string;
    const verb = method[i % method.length] as string;
    plain.inc();
    plain.inc(2);
    jobs.inc({ queue: text });
    queries.inc({ table: text, verb }, 3);
    queries.labels(text, verb).inc();
    cache.inc({ region: verb, tier: i & 3, hit: "yes" });
    cache.labels({ region: verb, tier: "1", hit: "no" }).inc();
    mails.inc({ from: text, to: verb, list: "none", kind: i % 5 });
    mails.labels(text, verb, "all", "0").inc(0.5);
    calls.inc({ a: text, b: verb, c: "1", d: "2", e: "3" });
    // Another order of the same names makes another shape of object.
    calls.inc({ e: "3", d: "2", c: "1", b: verb, a: text });
    active.inc({ pool: verb });
    active.dec({ pool: verb });
    depth.set({ queue: text, shard: i % 7 }, i);
    waits.observe({ lock: text }, i / 1000);
    waits.labels(verb).observe(0.3);
    sizes.observe({ kind: verb, code: 200 }, i);
    kept.inc();
    keptDepth.set(i);
    keptWait.observe(0.01);
  }
  for (let scrapes = 0; scrapes < 3; scrapes++) await registry.metrics();
}
