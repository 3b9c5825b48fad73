// The contract of the types: what must compile and what must not. It is compiled with the rest and never run.
import {
  type Collector,
  Counter,
  type CounterConfiguration,
  type CounterOptions,
  type CounterSeries,
  type CounterWithExemplars,
  type contentType,
  type EndTimer,
  Gauge,
  type GaugeConfiguration,
  type GaugeOptions,
  type GaugeSeries,
  Histogram,
  type HistogramConfiguration,
  type HistogramOptions,
  type HistogramWithExemplars,
  Info,
  type LabelValues,
  type Metric,
  type MetricFamily,
  type openMetricsContentType,
  Registry,
  type RegistryContentType,
  type ScrapeContext,
  StateSet,
  Summary,
  type SummaryConfiguration,
  type SummaryOptions,
} from "../lib/core.ts";
import {
  collectDefaultMetrics,
  countErrors,
  type DefaultMetricsCollectorConfiguration,
  type DefaultMetricsOptions,
  measure,
  trackInProgress,
} from "../lib/index.ts";

/** Fails to compile unless the two types are the same. */
function same<A, B>(..._: (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? [] : [never]): void {}

const registry = new Registry();

// — label names are inferred where a metric is declared —

const requests = new Counter({ name: "requests_total", help: "R.", labelNames: ["method", "code"] });
const restarts = new Counter({ name: "restarts_total", help: "R." });
const noLabels = new Counter({ name: "restarts_total", help: "R.", labelNames: [] });
same<typeof requests, Counter<"method" | "code">>();
same<typeof restarts, Counter<never>>();
same<typeof noLabels, Counter<never>>();

const declaration = { name: "requests_total", help: "R.", labelNames: ["method", "code"] } as const;
const fromConstant = new Counter(declaration);
same<typeof fromConstant, Counter<"method" | "code">>();

const names: string[] = [];
const dynamic = new Counter({ name: "c", help: "C.", labelNames: names });
same<typeof dynamic, Counter<string>>();

const explicit = new Counter<"a" | "b">({ name: "c", help: "C.", labelNames: ["a", "b"] });
same<typeof explicit, Counter<"a" | "b">>();

export const typedOptions: CounterOptions<"a"> = { name: "c", help: "C.", labelNames: ["a"], aggregator: "max" };
// By prom-client's name, too.
export const configuration: CounterConfiguration<"a"> = typedOptions;
same<GaugeConfiguration<"a">, GaugeOptions<"a">>();
same<HistogramConfiguration<"a">, HistogramOptions<"a">>();
same<SummaryConfiguration<"a">, SummaryOptions<"a">>();
same<DefaultMetricsCollectorConfiguration, DefaultMetricsOptions>();
same<RegistryContentType, typeof contentType | typeof openMetricsContentType>();
same<LabelValues<"a">["a"], string | number | boolean | null | undefined>();

// @ts-expect-error the name is missing
new Counter({ help: "C." });
// @ts-expect-error the help is missing
new Counter({ name: "c" });
// @ts-expect-error there is no such option
new Counter({ name: "c", help: "C.", labels: ["a"] });
// @ts-expect-error there is no such aggregator
new Counter({ name: "c", help: "C.", aggregator: "median" });
// @ts-expect-error a registry is no list of registries
new Counter({ name: "c", help: "C.", registers: registry });
// @ts-expect-error bounds are numbers
new Histogram({ name: "h", help: "H.", buckets: ["1"] });
// @ts-expect-error a counter has no buckets
new Counter({ name: "h", help: "H.", buckets: [1] });
// @ts-expect-error states are missing
new StateSet({ name: "s", help: "S." });
// @ts-expect-error an info measures nothing
new Info({ name: "i_info", help: "I.", unit: "seconds" });
// @ts-expect-error neither does a state set
new StateSet({ name: "s_seconds", help: "S.", states: ["on"], unit: "seconds" });

new Counter({ name: "c", help: "C.", labelNames: ["a"], series: [{ a: "x" }, { a: 1 }] });
// @ts-expect-error "b" was not declared
new Counter({ name: "c", help: "C.", labelNames: ["a"], series: [{ b: "x" }] });
// @ts-expect-error "b" is missing
new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], series: [{ a: "x" }] });
// @ts-expect-error there are no labels
new Counter({ name: "c", help: "C.", series: [{ a: "x" }] });

// — a counter with labels —

requests.inc({ method: "GET", code: 200 });
requests.inc({ method: "GET", code: 200 }, 2);
requests.inc({ method: undefined, code: null }, undefined);
// @ts-expect-error "code" is missing
requests.inc({ method: "GET" });
// @ts-expect-error "status" is unknown
requests.inc({ method: "GET", code: 200, status: 200 });
// @ts-expect-error "codes" is unknown
requests.inc({ method: "GET", codes: 200 });
// @ts-expect-error an object is no label value
requests.inc({ method: "GET", code: {} });
// @ts-expect-error nor is an array
requests.inc({ method: "GET", code: ["200"] });
// @ts-expect-error nor is a bigint
requests.inc({ method: "GET", code: 200n });
// @ts-expect-error which series?
requests.inc();
// @ts-expect-error which series?
requests.inc(2);
// @ts-expect-error the amount is a number
requests.inc({ method: "GET", code: 200 }, "2");
// @ts-expect-error labels come first
requests.inc(2, { method: "GET", code: 200 });
// @ts-expect-error which series?
requests.countErrors(() => 1);
// @ts-expect-error counters do not go down
requests.dec({ method: "GET", code: 200 });

const kept: CounterSeries = requests.labels("GET", 200);
kept.inc();
kept.inc(2);
same<number, typeof kept.value>();
same<Promise<string>, ReturnType<typeof kept.countErrors<Promise<string>>>>();
requests.labels({ method: "GET", code: 200 }).inc();
// @ts-expect-error "code" is missing
requests.labels({ method: "GET" });
// @ts-expect-error "status" is unknown
requests.labels({ method: "GET", code: 200, status: 1 });
// @ts-expect-error all labels are missing
requests.labels();
// @ts-expect-error an array is no label value
requests.labels("GET", ["200"]);
// @ts-expect-error a kept series has its labels already
kept.inc({ method: "GET", code: 200 });

const isRemoved: boolean = requests.remove("GET", 200) || requests.remove({ method: "GET", code: 200 });
// @ts-expect-error "code" is missing; see removeMatching
requests.remove({ method: "GET" });
const removed: number = requests.removeMatching({ method: "GET" }) + requests.removeMatching({});
// @ts-expect-error "status" is unknown
requests.removeMatching({ status: 200 });
export const answers = [isRemoved, removed];

// — a counter without labels —

restarts.inc();
restarts.inc(2);
restarts.inc(undefined);
restarts.labels().inc();
restarts.remove();
restarts.countErrors(
  () => 1,
  (error) => error instanceof TypeError,
);
same<number, ReturnType<typeof restarts.countErrors<number>>>();
// @ts-expect-error there are no labels
restarts.inc({ method: "GET" });
// @ts-expect-error there are no labels
restarts.inc({}, 2);
// @ts-expect-error there are no labels
restarts.labels("GET");
// @ts-expect-error there are no labels
restarts.labels({ method: "GET" });
// @ts-expect-error there are no labels
restarts.removeMatching({ method: "GET" });
// @ts-expect-error the amount is a number
restarts.inc("2");

// — a metric of which the labels are not known takes any —

dynamic.inc();
dynamic.inc(2);
dynamic.inc({ anything: "x" }, 2);
dynamic.labels("x", 1).inc();
dynamic.labels({ anything: "x" }).inc();
dynamic.removeMatching({ anything: "x" });
dynamic.countErrors(() => 1);
// @ts-expect-error an object is no label value
dynamic.inc({ anything: {} });
// @ts-expect-error the amount is a number
dynamic.inc({ anything: "x" }, "2");

export const anyCounters: Counter[] = [requests, restarts, dynamic, explicit];
export const anyMetrics: Metric[] = [
  requests,
  new Gauge({ name: "g", help: "G." }),
  new Histogram({ name: "h", help: "H.", labelNames: ["a"] }),
  new Summary({ name: "s", help: "S.", labelNames: ["a"] }),
  new Info({ name: "i_info", help: "I.", labelNames: ["a"] }),
  new StateSet({ name: "t", help: "T.", labelNames: ["a"], states: ["on"] }),
];
export const anyCollectors: Collector[] = anyMetrics;

// — exemplars are taken by metrics that are declared to keep them, and by no others —

const traced = new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], enableExemplars: true });
const tracedAlone = new Counter({ name: "c", help: "C.", enableExemplars: true });
const tracedWait = new Histogram({ name: "h", help: "H.", labelNames: ["a"], native: true, enableExemplars: true });
same<typeof traced, CounterWithExemplars<"a" | "b">>();
same<typeof tracedAlone, CounterWithExemplars<never>>();
same<typeof tracedWait, HistogramWithExemplars<"a">>();
const trace = { trace_id: "4bf9" };
traced.inc({ a: 1, b: 2 });
traced.inc({ a: 1, b: 2 }, 3);
traced.inc({ a: 1, b: 2 }, 3, trace);
traced.inc({ a: 1, b: 2 }, undefined, trace);
traced.inc({ labels: { a: 1, b: 2 }, value: 3, exemplarLabels: trace });
traced.inc({ labels: { a: 1, b: 2 } });
traced.labels(1, 2).inc(3, trace);
tracedAlone.inc();
tracedAlone.inc(3, trace);
tracedAlone.inc(undefined, trace);
tracedAlone.inc({ value: 3, exemplarLabels: trace });
tracedAlone.countErrors(() => 1);
tracedWait.observe({ a: 1 }, 3, trace);
tracedWait.observe({ labels: { a: 1 }, value: 3, exemplarLabels: trace });
tracedWait.labels(1).observe(3, trace);
const asPlain: readonly [Counter<"a" | "b">, Counter<never>, Histogram<"a">] = [traced, tracedAlone, tracedWait];
asPlain[0].inc({ a: 1, b: 2 });
same<typeof createdTraced, CounterWithExemplars<"a">>();
const createdTraced = registry.getOrCreate(Counter, {
  name: "c",
  help: "C.",
  labelNames: ["a"],
  enableExemplars: true,
});
// @ts-expect-error it keeps no exemplars
requests.inc({ method: "GET", code: 200 }, 1, trace);
// @ts-expect-error it keeps no exemplars
restarts.inc(1, trace);
// @ts-expect-error it keeps no exemplars
requests.labels("GET", 200).inc(1, trace);
// @ts-expect-error "b" is missing
traced.inc({ labels: { a: 1 }, value: 3 });
// @ts-expect-error all labels are missing
traced.inc({ value: 3 });
// @ts-expect-error an exemplar's labels are texts
traced.inc({ a: 1, b: 2 }, 3, { trace_id: {} });
// @ts-expect-error which series?
traced.inc(3, trace);
// @ts-expect-error there are no labels
tracedAlone.inc({ labels: { a: 1 } });
// @ts-expect-error which value?
tracedWait.observe({ labels: { a: 1 }, exemplarLabels: trace });
const tracedValues = new Counter({ name: "c", help: "C.", labelNames: ["value"], enableExemplars: true });
tracedValues.inc({ value: "x" }, 2, trace);
// @ts-expect-error the object is one of labels, for there is a label of that name
tracedValues.inc({ labels: { value: "x" }, value: 2 });

// — native buckets —

new Histogram({ name: "h", help: "H.", native: { factor: 1.1, maxBuckets: 100 }, buckets: [] });
// @ts-expect-error there is no such option
new Histogram({ name: "h", help: "H.", native: { bucketFactor: 1.1 } });
// @ts-expect-error a counter has no buckets
new Counter({ name: "c", help: "C.", native: true });

// — gauges —

const depth = new Gauge({ name: "depth", help: "D.", labelNames: ["queue", "host"] });
const level = new Gauge({ name: "level", help: "L." });
depth.set({ queue: "a", host: "b" }, 1);
depth.inc({ queue: "a", host: "b" });
depth.dec({ queue: "a", host: "b" }, 2);
depth.setToCurrentTime({ queue: "a", host: "b" });
level.set(1);
level.inc();
level.dec(2);
level.setToCurrentTime();
same<Promise<number>, ReturnType<typeof level.trackInProgress<Promise<number>>>>();
const keptGauge: GaugeSeries = depth.labels("a", "b");
keptGauge.set(1);
// @ts-expect-error which value?
level.set();
// @ts-expect-error which value?
depth.set({ queue: "a", host: "b" });
// @ts-expect-error which series?
depth.set(1);
// @ts-expect-error which series?
depth.setToCurrentTime();
// @ts-expect-error there are no labels
level.set({ queue: "a" }, 1);
// @ts-expect-error which series?
depth.trackInProgress(() => 1);

// — timers take the labels in two parts —

const wait = new Histogram({
  name: "wait_seconds",
  help: "W.",
  labelNames: ["queue", "host"],
  buckets: [1, 2] as const,
});
const size = new Histogram({ name: "size_bytes", help: "S." });
const delay = new Summary({ name: "delay_seconds", help: "D.", labelNames: ["queue", "host"], percentiles: [0.5] });
for (const timed of [wait, delay, depth]) {
  const end: EndTimer<"queue" | "host"> = timed.startTimer({ queue: "a" });
  const seconds: number = end({ host: "b" }) + end();
  timed.startTimer()({ queue: "a", host: String(seconds) });
  // @ts-expect-error "hosts" is unknown
  timed.startTimer({ hosts: "a" });
  // @ts-expect-error "hosts" is unknown
  end({ hosts: "a" });
}
size.startTimer()();
wait.labels("a", "b").startTimer()();
// @ts-expect-error there are no labels
size.startTimer({ queue: "a" });
// @ts-expect-error there are no labels
size.startTimer()({ queue: "a" });
// @ts-expect-error a kept series has its labels already
wait.labels("a", "b").startTimer()({ queue: "a" });

export async function timesItself(): Promise<void> {
  using _end = size.startTimer();
  await size.time(async () => 1);
}

wait.observe({ queue: "a", host: "b" }, 1);
wait.zero({ queue: "a", host: "b" });
size.observe(1);
size.zero();
delay.observe({ queue: "a", host: "b" }, 1);
// @ts-expect-error which value?
wait.observe({ queue: "a", host: "b" });
// @ts-expect-error which series?
wait.observe(1);
// @ts-expect-error which series?
wait.time(() => 1);
// @ts-expect-error which series?
wait.zero();
// @ts-expect-error there are no labels
size.observe({ queue: "a" }, 1);
// @ts-expect-error the bounds can't be changed
size.bounds.push(1);

// — infos tell any facts —

const build = new Info({ name: "build_info", help: "B." });
const plugins = new Info({ name: "plugin_info", help: "P.", labelNames: ["plugin"] });
build.set({ version: "1", revision: 8 });
plugins.set({ plugin: "a" }, { version: "1" });
plugins.labels("a").set({ version: "1" });
// @ts-expect-error an object is no label value
build.set({ version: {} });
// @ts-expect-error "plugins" is unknown
plugins.set({ plugins: "a" }, { version: "1" });

// — states are inferred as well —

const phase = new StateSet({ name: "phase", help: "P.", states: ["ready", "draining"] });
const flags = new StateSet({ name: "flags", help: "F.", labelNames: ["site"], states: ["beta", "dark"] });
same<typeof phase, StateSet<never, "ready" | "draining">>();
same<typeof flags, StateSet<"site", "beta" | "dark">>();
phase.switchTo("ready");
phase.set("ready", false);
flags.switchTo({ site: "a" }, "beta");
flags.set({ site: "a" }, "dark");
flags.labels("a").set("dark", true);
same<boolean, ReturnType<typeof flags.labels>["value"]["dark"]>();
// @ts-expect-error there is no such state
phase.switchTo("steady");
// @ts-expect-error there is no such state
flags.set({ site: "a" }, "drak");
// @ts-expect-error there is no such state
flags.labels("a").set("drak");
// @ts-expect-error which series?
flags.switchTo("beta");
// @ts-expect-error there are no labels
phase.switchTo({ site: "a" }, "ready");
// @ts-expect-error on or off
phase.set("ready", 1);

// — collect has the metric as `this` —

new Gauge({
  name: "g",
  help: "G.",
  labelNames: ["a"],
  async collect(context) {
    same<typeof context, ScrapeContext>();
    this.set({ a: "x" }, 1);
    // @ts-expect-error "b" is unknown
    this.set({ b: "x" }, 1);
  },
});
new Counter({
  name: "c",
  help: "C.",
  collect() {
    this.inc();
    // @ts-expect-error there are no labels
    this.inc({ a: "x" });
  },
});
new StateSet({
  name: "s",
  help: "S.",
  states: ["on"],
  collect() {
    this.switchTo("on");
  },
});
// @ts-expect-error collect is a function
new Gauge({ name: "g", help: "G.", collect: 1 });

// — getOrCreate infers what the class would —

const created = registry.getOrCreate(Counter, { name: "c", help: "C.", labelNames: ["a"] });
same<typeof created, Counter<"a">>();
const createdOfConstant = registry.getOrCreate(Counter, declaration);
same<typeof createdOfConstant, Counter<"method" | "code">>();
const createdWithout = registry.getOrCreate(Counter, { name: "c", help: "C." });
same<typeof createdWithout, Counter<never>>();
const createdHistogram = registry.getOrCreate(Histogram, { name: "h", help: "H.", labelNames: ["a"], buckets: [1] });
same<typeof createdHistogram, Histogram<"a">>();
const createdSummary = registry.getOrCreate(Summary, { name: "s", help: "S.", labelNames: ["a"], percentiles: [] });
same<typeof createdSummary, Summary<"a">>();
const createdInfo = registry.getOrCreate(Info, { name: "i_info", help: "I." });
same<typeof createdInfo, Info<never>>();
const createdSet = registry.scoped({}).getOrCreate(StateSet, {
  name: "s",
  help: "S.",
  labelNames: ["a"],
  states: ["on", "off"],
});
same<typeof createdSet, StateSet<"a", "on" | "off">>();
const createdGauge = registry.getOrCreate(Gauge, {
  name: "g",
  help: "G.",
  labelNames: ["a"],
  async collect() {
    this.set({ a: "x" }, 1);
    // @ts-expect-error "b" is unknown
    this.set({ b: "x" }, 1);
  },
});
same<typeof createdGauge, Gauge<"a">>();
// @ts-expect-error the help is missing
registry.getOrCreate(Counter, { name: "c" });
// @ts-expect-error bounds are numbers
registry.getOrCreate(Histogram, { name: "h", help: "H.", buckets: "1" });
// @ts-expect-error a registry is no metric
registry.getOrCreate(Registry, { name: "r", help: "R." });

// — custom collectors —

const family: MetricFamily = { name: "g", type: "gauge", help: "G.", series: [{ labels: { a: "x" }, value: 1 }] };
registry.registerMetric({ collect: () => [family] });
registry.registerMetric({ name: "mine", collect: async ({ signal }) => (signal.aborted ? [] : [family]) });
registry.registerMetric({
  async *collect() {
    yield family;
  },
});
registry.registerMetric({
  *collect() {
    yield family;
  },
  describe: () => [{ name: "g", type: "gauge", help: "G." }],
});
// @ts-expect-error a family is no list of families
registry.registerMetric({ collect: () => family });
// @ts-expect-error there is no such type
registry.registerMetric({ collect: () => [{ ...family, type: "guage" }] });
// @ts-expect-error it has no collect
registry.registerMetric({ name: "mine" });

collectDefaultMetrics();
collectDefaultMetrics({ register: registry.scoped({ prefix: "a_" }), labels: { zone: "a" }, include: ["gc"] }).stop();
collectDefaultMetrics({ exclude: collectDefaultMetrics.metricsList, conventions: ["opentelemetry", "prometheus"] });
// @ts-expect-error there is no such collector
collectDefaultMetrics({ include: ["heap"] });
// @ts-expect-error there is no such convention
collectDefaultMetrics({ conventions: ["otel"] });

// — measuring calls —

const timed = new Histogram({ name: "d_seconds", help: "D.", labelNames: ["a"] });
const untimed = new Histogram({ name: "u_seconds", help: "U." });
const promised = measure(timed, { a: "x" }, async () => 7);
same<typeof promised, Promise<number>>();
const sync = measure(untimed, {}, () => "text" as string);
same<typeof sync, string>();
trackInProgress(new Gauge({ name: "g", help: "G.", labelNames: ["a"] }), { a: 1 }, () => {});
countErrors(
  new Counter({ name: "c", help: "C." }),
  {},
  () => {},
  (error) => error instanceof Error,
);
// @ts-expect-error "a" is missing
measure(timed, {}, () => {});
// @ts-expect-error "b" is unknown
measure(timed, { b: "x" }, () => {});
// @ts-expect-error there are no labels
measure(untimed, { a: "x" }, () => {});
// @ts-expect-error a counter takes no durations
measure(new Counter({ name: "c", help: "C." }), {}, () => {}).valueOf();
