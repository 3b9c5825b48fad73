import assert from "node:assert/strict";
import { constants } from "node:perf_hooks";
import { describe, it } from "node:test";
import { GcWatch } from "../../lib/runtime/gc-watch.ts";
import { FakeRuntime } from "./fake-sources.ts";

function watching() {
  const runtime = new FakeRuntime();
  const heard: [kind: string, seconds: number][] = [];
  const watch = new GcWatch(runtime.sources, (kind, seconds) => heard.push([kind, seconds]));
  watch.start();
  return { runtime, watch, heard };
}

describe("GcWatch", () => {
  it("tells every entry of a batch, in seconds, by its kind", () => {
    const { runtime, heard } = watching();
    const kinds = [
      constants.NODE_PERFORMANCE_GC_MAJOR,
      constants.NODE_PERFORMANCE_GC_MINOR,
      constants.NODE_PERFORMANCE_GC_INCREMENTAL,
      constants.NODE_PERFORMANCE_GC_WEAKCB,
      // The second collector of young objects, which has no constant.
      2,
    ];
    runtime.collectGarbage(...kinds.map((kind, i) => ({ kind, duration: i + 1 })));
    assert.deepEqual(heard, [
      ["major", 0.001],
      ["minor", 0.002],
      ["incremental", 0.003],
      ["weakcb", 0.004],
      ["minor", 0.005],
    ]);
  });

  it("listens no more when it is stopped", () => {
    const { runtime, watch, heard } = watching();
    watch.stop();
    watch.stop();
    runtime.collectGarbage({ kind: 4, duration: 7 });
    assert.equal(runtime.gcListeners.size, 0);
    assert.deepEqual(heard, []);
  });
});
