// What V8 does with its memory, and which Node.js it is part of.
import { GcWatch, gcKinds } from "./gc-watch.ts";
import type { Collect } from "./setup.ts";
import type { HeapSpace } from "./sources.ts";

/** prom-client's. */
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];
/** Those of OpenTelemetry's semantic conventions. */
const V8JS_GC_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

export const v8Collectors = {
  heapSizeAndUsed({ instruments, reader: { heap, memory }, prometheus }) {
    if (!prometheus) return;
    instruments.gauge(
      { name: "nodejs_heap_size_total_bytes", help: "The size of V8's heap." },
      heap,
      (all) => all.total_heap_size,
    );
    instruments.gauge(
      { name: "nodejs_heap_size_used_bytes", help: "What is used of V8's heap." },
      heap,
      (all) => all.used_heap_size,
    );
    instruments.gauge(
      { name: "nodejs_heap_size_limit_bytes", help: "How large V8's heap may get." },
      heap,
      (all) => all.heap_size_limit,
    );
    instruments.gauge(
      { name: "nodejs_external_memory_bytes", help: "Memory outside V8's heap that belongs to objects in it." },
      heap,
      (all) => all.external_memory,
    );
    instruments.gauge(
      { name: "nodejs_array_buffers_bytes", help: "Memory of array buffers, those of Node.js's buffers included." },
      memory,
      ({ arrayBuffers }) => arrayBuffers,
    );
  },

  heapSpacesSizeAndUsed({ instruments, reader: { heapSpaces }, prometheus, openTelemetry }) {
    for (const [part, v8js, help, field] of [
      ["total", "space_size", "The size of each space of V8's heap.", "space_size"],
      ["used", "used", "What is used of each space of V8's heap.", "space_used_size"],
      ["available", "space_available_size", "What is free in each space of V8's heap.", "space_available_size"],
      ["", "space_physical_size", "The memory that each space of V8's heap occupies.", "physical_space_size"],
    ] as const) {
      const tellSpaces = (spaces: readonly HeapSpace[], tell: (name: string, bytes: number) => void) => {
        for (const space of spaces) tell(space.space_name, space[field]);
      };
      if (prometheus && part !== "") {
        const name = `nodejs_heap_space_size_${part}_bytes`;
        // As prom-client has them: "new" for "new_space".
        instruments.gauges({ name, help }, "space", heapSpaces, tellSpaces, shortName);
      }
      if (openTelemetry) {
        const name = `v8js_memory_heap_${v8js}_bytes`;
        instruments.gauges({ name, help }, "v8js_heap_space_name", heapSpaces, tellSpaces);
      }
    }
  },

  version({ instruments, sources, prometheus }) {
    const [, major, minor, patch] = /^v(\d+)\.(\d+)\.(\d+)/.exec(sources.version) ?? [];
    if (!prometheus || major === undefined || minor === undefined || patch === undefined) return;
    const facts = { version: sources.version, major, minor, patch };
    instruments.info({ name: "nodejs_version_info", help: "The version of Node.js.", aggregator: "first" }, facts);
  },

  gc({ instruments, sources, prometheus, openTelemetry, gcDurationBuckets }) {
    if (!sources.observesGc) return;
    const help = "How long garbage collections took, by their kind: major, minor, incremental or weakcb.";
    const declare = (name: string, label: string, buckets: readonly number[]) => {
      const histogram = instruments.histograms({ name, help }, label, gcKinds, gcDurationBuckets ?? buckets);
      const series = new Map(gcKinds.map((kind) => [kind, histogram.labels({ [label]: kind })]));
      return (kind: string, duration: number) => series.get(kind)?.observe(duration);
    };
    const listeners = [
      ...(prometheus ? [declare("nodejs_gc_duration_seconds", "kind", GC_BUCKETS)] : []),
      ...(openTelemetry ? [declare("v8js_gc_duration_seconds", "v8js_gc_type", V8JS_GC_BUCKETS)] : []),
    ];
    const watch = new GcWatch(sources, (kind, duration) => {
      for (const listener of listeners) listener(kind, duration);
    });
    instruments.own(watch);
  },
} satisfies Readonly<Record<string, Collect>>;

function shortName(space: string): string {
  return space.endsWith("_space") ? space.slice(0, -"_space".length) : space;
}
