import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { AlreadyRegisteredError, collectDefaultMetrics, Gauge, Registry } from "../../lib/index.ts";
import { collectFrom, type DefaultMetricsOptions } from "../../lib/runtime/default-metrics.ts";
import { Random } from "../judges/random.ts";
import { FakeRuntime } from "./fake-sources.ts";

function collecting(options: DefaultMetricsOptions = {}) {
  const runtime = new FakeRuntime();
  const registry = new Registry();
  const handle = collectFrom(runtime.sources, { register: registry, ...options });
  return { runtime, registry, handle };
}

/** What a process exposes that is a minute's work, a late loop and a garbage collection old. */
async function exposed(options: DefaultMetricsOptions): Promise<string> {
  const { runtime, registry } = collecting(options);
  runtime.work(10);
  runtime.work(30);
  runtime.turns = 2;
  runtime.collectGarbage({ kind: 4, duration: 50 });
  return registry.metrics();
}

function golden(name: string): string {
  return readFileSync(new URL(name, import.meta.url), "utf8");
}

function samplesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

describe("collectDefaultMetrics", () => {
  it("exposes the process by the names of Prometheus and prom-client", async () => {
    assert.equal(await exposed({}), golden("prometheus.prom"));
  });

  it("exposes it by the names of OpenTelemetry", async () => {
    assert.equal(await exposed({ conventions: ["opentelemetry"] }), golden("opentelemetry.prom"));
  });

  it("exposes it by both, and what has the same name in both once", async () => {
    const both = samplesOf(await exposed({ conventions: ["prometheus", "opentelemetry"] }));
    const each = [...samplesOf(golden("prometheus.prom")), ...samplesOf(golden("opentelemetry.prom"))];
    assert.deepEqual(both.toSorted(), [...new Set(each)].sort());
  });

  it("has every name that prom-client has", async () => {
    const names = new Set((await exposed({})).match(/(?<=^# TYPE )\S+/gm));
    const lag = ["", "_min", "_max", "_mean", "_stddev", "_p50", "_p90", "_p99"].map(
      (part) => `nodejs_eventloop_lag${part}_seconds`,
    );
    const active = ["handles", "requests", "resources"].flatMap((what) => [
      `nodejs_active_${what}`,
      `nodejs_active_${what}_total`,
    ]);
    const heap = ["total", "used", "available"].map((part) => `nodejs_heap_space_size_${part}_bytes`);
    const lacking = [
      ...["process_cpu_user_seconds_total", "process_cpu_system_seconds_total", "process_cpu_seconds_total"],
      ...["process_start_time_seconds", "process_resident_memory_bytes", "process_virtual_memory_bytes"],
      ...["process_heap_bytes", "process_open_fds", "process_max_fds", "nodejs_heap_size_total_bytes"],
      ...["nodejs_heap_size_used_bytes", "nodejs_external_memory_bytes", "nodejs_version_info"],
      ...["nodejs_gc_duration_seconds", ...lag, ...active, ...heap],
    ].filter((name) => !names.has(name));
    assert.deepEqual(lacking, []);
  });

  it("puts its prefix and its labels on every series", async () => {
    const labels = { zone: 'a"\n', instance: undefined, node: 3 };
    const samples = samplesOf(await exposed({ prefix: "my_", labels }));
    assert.equal(samples.length, samplesOf(golden("prometheus.prom")).length);
    for (const line of samples) {
      assert.match(line, /^my_(?:process|nodejs)_/);
      assert.ok(line.includes('zone="a\\"\\n",node="3"'), line);
    }
  });

  it("tells how the values of several processes become one", async () => {
    const { registry } = collecting({ conventions: ["prometheus", "opentelemetry"] });
    const others = (await registry.getMetricsAsJSON()).filter(({ aggregator }) => aggregator !== "sum");
    const lag = ["min", "max", ...["mean", "stddev", "p50", "p90", "p99"].fill("average")];
    assert.deepEqual(Object.fromEntries(others.map(({ name, aggregator }) => [name, aggregator])), {
      process_start_time_seconds: "min",
      process_uptime_seconds: "max",
      process_cgroup_memory_limit_bytes: "max",
      process_cgroup_cpu_limit_cores: "max",
      process_cgroup_pids_limit: "max",
      nodejs_eventloop_lag_seconds: "average",
      ...Object.fromEntries(
        ["lag", "delay"].flatMap((word) =>
          ["min", "max", "mean", "stddev", "p50", "p90", "p99"].map((part, i) => [
            `nodejs_eventloop_${word}_${part}_seconds`,
            lag[i],
          ]),
        ),
      ),
      nodejs_eventloop_utilization_ratio: "average",
      nodejs_version_info: "first",
    });
  });

  it("gives one metric up to date, though nobody has scraped", async () => {
    const { registry } = collecting();
    const threads = await registry.getSingleMetric("process_threads")?.get();
    assert.deepEqual(threads?.values, [{ value: 11, labels: {} }]);
    const text = await registry.getSingleMetricAsString("process_cpu_system_seconds_total");
    assert.deepEqual(samplesOf(text), ["process_cpu_system_seconds_total 0.25"]);
  });

  it("reads each source once a scrape", async () => {
    const { runtime, registry } = collecting({ conventions: ["prometheus", "opentelemetry"] });
    const calls: string[] = [];
    const { readFile, usage, memory } = runtime.sources;
    runtime.sources.readFile = (path) => {
      calls.push(path);
      return readFile(path);
    };
    runtime.sources.usage = () => {
      calls.push("usage");
      return usage();
    };
    runtime.sources.memory = () => {
      calls.push("memory");
      return memory();
    };
    await registry.metrics();
    assert.deepEqual(new Set(calls).size, calls.length, calls.join());
    calls.length = 0;
    await registry.metrics();
    // Limits are taken for true for a minute.
    assert.deepEqual(calls.sort(), ["/proc/self/net/dev", "/proc/self/status", "memory", "usage"]);
  });
});

describe("collectDefaultMetrics, scraped", () => {
  it("gives each of two scrapes that overlap the figures of one moment", async () => {
    const { runtime, registry } = collecting();
    const { usage } = runtime.sources;
    const answers: (() => void)[] = [];
    const slow = { collect: () => new Promise<[]>((resolve) => answers.push(() => resolve([]))) };
    registry.registerMetric(slow);
    const early = registry.metrics();
    await new Promise((resolve) => setImmediate(resolve));
    runtime.sources.usage = () => ({ ...usage(), userCPUTime: 2_500_000, systemCPUTime: 1_250_000 });
    const late = registry.metrics();
    for (const answer of answers) answer();
    const cpuOf = (text: string) => samplesOf(text).filter((line) => line.startsWith("process_cpu_"));
    assert.deepEqual(cpuOf(await early), [
      "process_cpu_user_seconds_total 1.5",
      "process_cpu_system_seconds_total 0.25",
      "process_cpu_seconds_total 1.75",
    ]);
    assert.deepEqual(cpuOf(await late), [
      "process_cpu_user_seconds_total 2.5",
      "process_cpu_system_seconds_total 1.25",
      "process_cpu_seconds_total 3.75",
    ]);
  });

  it("leaves out all of them, and says so once, when they can't be brought up to date", async () => {
    const runtime = new FakeRuntime();
    const errors: string[] = [];
    const registry = new Registry({ onError: ({ message }) => errors.push(message) });
    collectFrom(runtime.sources, { register: registry });
    new Gauge({ name: "mine", help: "Mine.", registers: [registry] });
    runtime.sources.monotonicNow = () => {
      throw new Error("the clock is broken");
    };
    assert.deepEqual(samplesOf(await registry.metrics()), [
      "mine 0",
      'tallystick_collector_errors_total{collector="collectDefaultMetrics"} 1',
    ]);
    assert.deepEqual(errors, ['Collector "collectDefaultMetrics": the clock is broken']);
  });

  it("keeps the files open that each scrape reads, until it is stopped", async () => {
    const { runtime, registry, handle } = collecting();
    assert.deepEqual([...runtime.openFiles], []);
    for (let i = 0; i < 2; i++) {
      await registry.metrics();
      assert.deepEqual([...runtime.openFiles], ["/proc/self/status", "/proc/self/net/dev"]);
    }
    handle.stop();
    assert.deepEqual([...runtime.openFiles], []);
  });
});

describe("collectDefaultMetrics, choosing", () => {
  it("lists its collectors by the names that prom-client has for them", () => {
    const theirs = [
      "processCpuTotal",
      "processStartTime",
      "osMemoryHeap",
      "processOpenFileDescriptors",
      "processMaxFileDescriptors",
      "eventLoopLag",
      "processResources",
      "processHandles",
      "processRequests",
      "heapSizeAndUsed",
      "heapSpacesSizeAndUsed",
      "version",
      "gc",
    ];
    const { metricsList } = collectDefaultMetrics;
    assert.deepEqual(
      theirs.filter((name) => !(metricsList as string[]).includes(name)),
      [],
    );
    assert.equal(new Set(metricsList).size, metricsList.length);
  });

  it("takes each collector by itself, and all of them together come to the whole", async () => {
    const parts: string[] = [];
    for (const name of collectDefaultMetrics.metricsList) {
      const text = await exposed({ include: [name] });
      assert.notEqual(text, "", name);
      parts.push(text);
    }
    assert.equal(parts.join(""), golden("prometheus.prom"));
  });

  it("leaves out what it is told to", async () => {
    for (const name of collectDefaultMetrics.metricsList) {
      const without = samplesOf(await exposed({ exclude: [name] }));
      const alone = samplesOf(await exposed({ include: [name] }));
      assert.deepEqual([...without, ...alone].sort(), samplesOf(golden("prometheus.prom")).sort());
    }
    assert.equal(await exposed({ include: ["gc", "version"], exclude: ["gc", "version"] }), "");
  });

  it("runs a timer and an observer only where they are needed", () => {
    for (const name of collectDefaultMetrics.metricsList) {
      const { runtime } = collecting({ include: [name] });
      const needed = [name.startsWith("eventLoopDelay") || name === "eventLoopLag" ? 1 : 0, name === "gc" ? 1 : 0];
      assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], needed, name);
    }
    const { runtime } = collecting();
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
  });

  it("takes the bounds for garbage collections, and the precision of the looks at the loop", async () => {
    const { runtime, registry } = collecting({ gcDurationBuckets: [1, 2], eventLoopMonitoringPrecision: 50 });
    assert.equal(runtime.waitMs, 50);
    const text = await registry.getSingleMetricAsString("nodejs_gc_duration_seconds");
    assert.deepEqual(
      samplesOf(text)
        .filter((line) => line.includes('kind="major"'))
        .map((line) => line.replace('kind="major",', "")),
      [
        'nodejs_gc_duration_seconds_bucket{le="1"} 0',
        'nodejs_gc_duration_seconds_bucket{le="2"} 0',
        'nodejs_gc_duration_seconds_bucket{le="+Inf"} 0',
        'nodejs_gc_duration_seconds_sum{kind="major"} 0',
        'nodejs_gc_duration_seconds_count{kind="major"} 0',
      ],
    );
  });

  const [precision, name] = [
    "collectDefaultMetrics: eventLoopMonitoringPrecision must be at least 1, in milliseconds,",
    '"prometheus", "opentelemetry"',
  ];
  for (const [options, error] of [
    ["x", new TypeError("collectDefaultMetrics takes an object of options, but got string.")],
    [{ register: {} }, new TypeError("collectDefaultMetrics: register must be a registry.")],
    [{ include: "gc" }, new TypeError("collectDefaultMetrics: include must be an array of names.")],
    [
      { conventions: ["otel"] },
      new RangeError(`collectDefaultMetrics: conventions has "otel", which is none of ${name}.`),
    ],
    [{ eventLoopMonitoringPrecision: 0 }, new RangeError(`${precision} but got 0.`)],
    [{ eventLoopMonitoringPrecision: Number.NaN }, new RangeError(`${precision} but got NaN.`)],
    [{ labels: { a: {} } }, new TypeError('Label "a" must be a string, number or boolean, but got an object.')],
    [
      { gcDurationBuckets: [2, 1] },
      new RangeError('Histogram "nodejs_gc_duration_seconds": bounds must increase, but 1 at index 1 follows 2.'),
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}, and registers nothing`, () => {
      const runtime = new FakeRuntime();
      const registry = new Registry();
      const all = typeof options === "string" ? options : { register: registry, ...options };
      assert.throws(() => collectFrom(runtime.sources, all as DefaultMetricsOptions), error);
      assert.deepEqual(registry.getMetricsAsArray(), []);
      assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [0, 0]);
    });
  }

  it("registers nothing, and runs nothing, where something can't be begun", () => {
    const runtime = new FakeRuntime();
    const registry = new Registry();
    const error = new Error("no observer");
    runtime.sources.observeGc = () => {
      throw error;
    };
    assert.throws(() => collectFrom(runtime.sources, { register: registry }), error);
    assert.deepEqual(registry.getMetricsAsArray(), []);
    assert.equal(runtime.timers.size, 0);
  });

  it("refuses a collector that there isn't, a prefix and labels that can't be, and says which", () => {
    for (const options of [
      { include: ["heap"] },
      { exclude: ["__proto__"] },
      { prefix: "1-" },
      { labels: { "a-b": 1 } },
    ]) {
      const registry = new Registry();
      const all = { register: registry, ...options } as unknown as DefaultMetricsOptions;
      assert.throws(() => collectFrom(new FakeRuntime().sources, all), RangeError);
      assert.deepEqual(registry.getMetricsAsArray(), []);
    }
  });
});

describe("collectDefaultMetrics, called again", () => {
  it("gives what is being collected already, and begins nothing", async () => {
    const { runtime, registry, handle } = collecting({ labels: { a: 1, b: 2 } });
    const metrics = registry.getMetricsAsArray();
    assert.equal(collectFrom(runtime.sources, { register: registry, labels: { b: "2", a: "1" } }), handle);
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
    assert.deepEqual(registry.getMetricsAsArray(), metrics);
  });

  it("collects beside that, under another prefix, with other labels, or what else there is", async () => {
    const { runtime, registry } = collecting({ include: ["processThreads"] });
    for (const options of [{ prefix: "my_" }, { labels: { a: "x" } }]) {
      // A label that only one of them has tells nothing apart for sure.
      const { runtime: other, registry: its } = collecting({ include: ["processThreads"], labels: { a: "y" } });
      collectFrom(other.sources, { register: its, include: ["processThreads"], ...options });
      assert.equal(samplesOf(await its.metrics()).length, 2);
    }
    collectFrom(runtime.sources, { register: registry, include: ["gc"] });
    collectFrom(runtime.sources, { register: registry, include: ["eventLoopLag"] });
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
  });

  it("refuses other options for the same names, and changes nothing", () => {
    const { runtime, registry } = collecting({ include: ["version", "gc"] });
    const metrics = registry.getMetricsAsArray();
    assert.throws(
      () => collectFrom(runtime.sources, { register: registry, gcDurationBuckets: [1] }),
      (error: AlreadyRegisteredError) => {
        assert.ok(error instanceof AlreadyRegisteredError);
        assert.equal(
          error.message,
          'collectDefaultMetrics: Info "nodejs_version_info": a metric of that name is registered already. Use getOrCreate to share it, or another registry. If an earlier call did that with other options, stop() it first.',
        );
        assert.equal(error.existing, registry.getSingleMetric("nodejs_version_info"));
        return true;
      },
    );
    assert.deepEqual(registry.getMetricsAsArray(), metrics);
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [0, 1]);
  });

  it("refuses a name that a metric of the application has, and registers nothing", () => {
    const registry = new Registry();
    const own = new Gauge({ name: "process_threads", help: "Mine.", registers: [registry] });
    assert.throws(() => collectFrom(new FakeRuntime().sources, { register: registry }), AlreadyRegisteredError);
    assert.deepEqual(registry.getMetricsAsArray(), [own]);
  });

  it("begins anew after the registry was cleared, and ends what ran before", async () => {
    const { runtime, registry, handle } = collecting();
    registry.clear();
    const next = collectFrom(runtime.sources, { register: registry });
    assert.notEqual(next, handle);
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
    // The old handle ends nothing of the new one.
    handle.stop();
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
    assert.equal((await registry.metrics()) === "", false);
    next.stop();
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [0, 0]);
  });

  it("begins anew after it was stopped", async () => {
    const { runtime, registry, handle } = collecting();
    handle.stop();
    handle.stop();
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [0, 0]);
    assert.equal(await registry.metrics(), "");
    collectFrom(runtime.sources, { register: registry, eventLoopMonitoringPrecision: 20 });
    assert.equal(runtime.waitMs, 20);
  });
});

describe("collectDefaultMetrics, where figures are missing", () => {
  it("leaves out what can't be measured, and never says NaN", async () => {
    const { runtime, registry } = collecting({ conventions: ["prometheus", "opentelemetry"] });
    await registry.metrics();
    const fail = () => assert.fail("not here");
    Object.assign(runtime.sources, {
      ...{ usage: fail, memory: fail, heap: fail, heapSpaces: fail, activeResources: fail, activeHandles: fail },
      ...{ activeRequests: fail, loopTimes: fail, loopCounts: fail, readFile: fail, countEntries: fail, sizeOf: fail },
      uptimeSeconds: () => Number.NaN,
    });
    runtime.nowMs += 60_000;
    const { families } = { families: new Set((await registry.metrics()).match(/(?<=^# TYPE )\S+/gm)) };
    assert.deepEqual(
      families,
      new Set([
        "process_start_time_seconds",
        "nodejs_eventloop_delay_seconds",
        "nodejs_version_info",
        "nodejs_gc_duration_seconds",
        "v8js_gc_duration_seconds",
      ]),
    );
  });

  it("shows them again when they are there again", async () => {
    const { runtime, registry } = collecting({ include: ["osMemoryHeap", "processNetwork"] });
    const whole = await registry.metrics();
    const files = { ...runtime.files };
    runtime.files["/proc/self/status"] = "Name:\t\n";
    delete runtime.files["/proc/self/net/dev"];
    assert.deepEqual(samplesOf(await registry.metrics()), ["process_resident_memory_bytes 21000"]);
    Object.assign(runtime.files, files);
    assert.equal(await registry.metrics(), whole);
  });

  it("exposes nothing of a system that it knows no /proc of", async () => {
    for (const platform of ["win32", "darwin"]) {
      const runtime = new FakeRuntime();
      runtime.sources.platform = platform;
      runtime.sources.observesGc = false;
      runtime.sources.version = "1.2";
      const registry = new Registry();
      collectFrom(runtime.sources, { register: registry });
      const families = (await registry.metrics()).match(/(?<=^# TYPE )process_\S+/gm);
      assert.deepEqual(families, [
        ...["process_cpu_user_seconds_total", "process_cpu_system_seconds_total", "process_cpu_seconds_total"],
        ...["process_start_time_seconds", "process_resident_memory_bytes"],
        ...(platform === "darwin" ? ["process_context_switches_total", "process_paging_faults_total"] : []),
      ]);
    }
  });

  it("lists file descriptors where the system does not tell their number", async () => {
    const { runtime, registry } = collecting({ include: ["processOpenFileDescriptors"] });
    runtime.sources.sizeOf = () => 0;
    const open = async () => samplesOf(await registry.metrics());
    assert.deepEqual(await open(), ["process_open_fds 20"]);
    runtime.sources.countEntries = () => 31;
    assert.deepEqual(await open(), ["process_open_fds 30"]);
  });

  it("asks for their number alone where the system tells it", async () => {
    const { runtime, registry } = collecting({ include: ["processOpenFileDescriptors"] });
    await registry.metrics();
    runtime.sources.countEntries = () => assert.fail("not needed");
    runtime.sources.sizeOf = () => 40;
    assert.deepEqual(samplesOf(await registry.metrics()), ["process_open_fds 40"]);
  });

  it("asks for their number again where another thread opened one meanwhile", async () => {
    const { runtime, registry } = collecting({ include: ["processOpenFileDescriptors"] });
    runtime.sources.sizeOf = () => 22;
    const open = async () => samplesOf(await registry.metrics());
    assert.deepEqual(await open(), ["process_open_fds 20"]);
    runtime.sources.sizeOf = () => 20;
    assert.deepEqual(await open(), ["process_open_fds 20"]);
    runtime.sources.countEntries = () => assert.fail("not needed");
    assert.deepEqual(await open(), ["process_open_fds 20"]);
  });

  it("tells the utilization at the first scrape, though the loop had not begun when collecting did", async () => {
    const runtime = new FakeRuntime();
    const { loopTimes } = runtime.sources;
    runtime.sources.loopTimes = () => ({ idle: 0, active: 0 });
    const registry = new Registry();
    collectFrom(runtime.sources, { register: registry, include: ["eventLoopUtilization"] });
    assert.deepEqual(samplesOf(await registry.metrics()), []);
    runtime.sources.loopTimes = loopTimes;
    runtime.nowMs += 96;
    runtime.idleMs += 24;
    assert.deepEqual(samplesOf(await registry.metrics()), [
      'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"} 0.075',
      'nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="idle"} 0.025',
      "nodejs_eventloop_utilization_ratio 0.75",
    ]);
  });

  it("begins a counter anew when the system counts less than before", async () => {
    const { runtime, registry } = collecting({ include: ["processNetwork"] });
    const network = async (received: number, transmitted: number) => {
      runtime.files["/proc/self/net/dev"] = `eth0: ${received} 0 0 0 0 0 0 0 ${transmitted} 0\n`;
      return samplesOf(await registry.metrics()).map((line) => Number(line.split(" ")[1]));
    };
    assert.deepEqual(await network(10, 20), [10, 20]);
    assert.deepEqual(await network(15, 20), [15, 20]);
    assert.deepEqual(await network(5, 21), [5, 21]);
    registry.resetMetrics();
    assert.deepEqual(await network(7, 22), [7, 22]);
  });

  it("forgets types of resources that are gone", async () => {
    const { runtime, registry } = collecting({ include: ["processResources"] });
    await registry.metrics();
    runtime.sources.activeResources = () => ["Immediate", "__proto__"];
    assert.deepEqual(samplesOf(await registry.metrics()), [
      'nodejs_active_resources{type="Immediate"} 1',
      'nodejs_active_resources{type="__proto__"} 1',
      "nodejs_active_resources_total 2",
    ]);
  });

  it("reads limits again after a minute", async () => {
    const { runtime, registry } = collecting({ include: ["processMaxFileDescriptors", "processCgroupLimits"] });
    await registry.metrics();
    runtime.files["/proc/self/limits"] = "Max open files            99                  99          files\n";
    runtime.files["/sys/fs/cgroup/pids.max"] = "8\n";
    const fds = async () => samplesOf(await registry.metrics())[0];
    runtime.nowMs += 59_999;
    assert.equal(await fds(), "process_max_fds 1024");
    runtime.nowMs += 1;
    assert.equal(await fds(), "process_max_fds 99");
    assert.equal(samplesOf(await registry.metrics()).at(-1), "process_cgroup_pids_limit 8");
  });
});

describe("collectDefaultMetrics, scraped by several", () => {
  it("shows them the same, however often each comes", async () => {
    const { runtime, registry } = collecting();
    const random = new Random(11);
    let count = 0;
    for (let i = 0; i < 60; i++) {
      if (random.chance(0.5)) runtime.idle(random.between(0, 2_000));
      else runtime.work(random.between(0, 200), random.between(1, 20));
      if (random.chance(0.3)) runtime.collectGarbage({ kind: 1, duration: random.between(0, 20) });
      const first = await registry.metrics();
      for (let n = random.below(4); n >= 0; n--) assert.equal(await registry.metrics(), first);
      const now = Number(/^nodejs_eventloop_delay_seconds_count (\d+)$/m.exec(first)?.[1]);
      assert.ok(now >= count);
      count = now;
    }
    assert.ok(count > 100);
  });

  it("moves its window by the clock, though nobody scrapes", async () => {
    const { runtime, registry } = collecting({ include: ["eventLoopLag"] });
    runtime.work(1_010);
    runtime.idle(30_000);
    const max = async () => /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(await registry.metrics())?.[1];
    assert.equal(await max(), "1");
    assert.equal(await max(), "1");
    runtime.idle(30_000);
    assert.equal(await max(), "0");
  });
});
