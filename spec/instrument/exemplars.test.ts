// Exemplars that nobody gives by hand: of the trace that a request belongs to.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { Counter, Histogram, type Registry } from "../../lib/index.ts";
import { readTraceparent } from "../../lib/instrument/request-traces.ts";
import { ask, instrumented, serve, turn } from "./instrumented.ts";
import { load, missingPackages } from "./packages.ts";

const traceId = (n: number) => n.toString(16).padStart(32, "0");
const spanId = (n: number) => n.toString(16).padStart(16, "0");
const traceparent = (n: number, flags = "01") => `00-${traceId(n)}-${spanId(n)}-${flags}`;

/** All exemplars of a registry's metrics, as `metric trace span`, in order. */
async function exemplars(registry: Registry): Promise<string[]> {
  const found: string[] = [];
  for (const { name, values } of await registry.getMetricsAsJSON()) {
    for (const { exemplar } of values) {
      if (exemplar === undefined) continue;
      const { trace_id = "", span_id = "", ...more } = exemplar.labelSet;
      assert.deepEqual(more, {});
      found.push(`${name} ${Number.parseInt(trace_id, 16)} ${Number.parseInt(span_id, 16)}`);
    }
  }
  return found;
}

/** An app that counts by itself, after it has waited. */
function counting(t: TestContext, { exemplars: hasExemplars = true, now = (): number => 0 } = {}) {
  const clock = { now, monotonicNow: () => 0 };
  const http = instrumented(t, { exemplars: hasExemplars, clock });
  const shared = { help: "H.", registers: [http.registry], clock, enableExemplars: true } as const;
  const jobs = new Counter({ ...shared, name: "jobs_total" });
  const waits = new Histogram({ ...shared, name: "wait_seconds", buckets: [1] });
  const app = async () => {
    await turn();
    jobs.inc();
    waits.observe(0.5);
  };
  return {
    ...http,
    app,
    answered: (count: number) =>
      http.until((lines) => lines.some((line) => line.endsWith(` ${count}`) && !line.includes("_active_"))),
  };
}

describe("readTraceparent", () => {
  const valid = { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", span_id: "00f067aa0ba902b7" };
  const cases: readonly [header: string | undefined, trace: object | undefined, why: string][] = [
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", valid, "reads the header of the specification"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", valid, "takes flags that it does not know"],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", valid, "takes later versions"],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", valid, "takes what later versions add"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", undefined, "leaves out what is not sampled"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02", undefined, "looks at no other flag"],
    ["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", undefined, "refuses the version that can't be"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what", undefined, "refuses what version 00 has not"],
    ["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what", undefined, "refuses flags that are too long"],
    ["00-00000000000000000000000000000000-00f067aa0ba902b7-01", undefined, "refuses a trace id of zeros"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", undefined, "refuses a span id of zeros"],
    ["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", undefined, "refuses capital letters"],
    ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", undefined, "refuses a header without flags"],
    ['"} # evil', undefined, "refuses anything else"],
    ["", undefined, "refuses nothing"],
    [undefined, undefined, "has no trace without a header"],
  ];
  for (const [header, trace, why] of cases) it(why, () => assert.deepEqual(readTraceparent(header), trace));
});

describe("Exemplars from the traceparent header", () => {
  it("are those of the request under way, for the metrics of the program and for the durations", async (t) => {
    const { app, registry, answered } = counting(t);
    const { url } = await serve(t, (_, response) => void app().then(() => response.end()));
    await ask(url, { headers: { traceparent: traceparent(7) } });
    await answered(1);
    assert.deepEqual(await exemplars(registry), [
      "http_server_request_duration_seconds 7 7",
      "jobs_total 7 7",
      "wait_seconds 7 7",
    ]);
  });

  it("stay with their request, also beside others and over one connection", async (t) => {
    const { registry, until } = instrumented(t, { exemplars: true });
    const seen = new Counter({
      name: "seen_total",
      help: "S.",
      labelNames: ["request"],
      registers: [registry],
      enableExemplars: true,
    });
    const { url } = await serve(t, async (request, response) => {
      for (let i = 0; i < 5; i++) await turn();
      seen.inc({ request: request.url?.slice(1) as string });
      response.end();
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    t.after(() => agent.destroy());
    const headers = (n: number) => (n % 3 === 0 ? {} : { traceparent: traceparent(n, n % 3 === 1 ? "01" : "00") });
    await Promise.all(Array.from({ length: 12 }, (_, i) => ask(`${url}/${i + 1}`, { agent, headers: headers(i + 1) })));
    await until((lines) => lines.some((line) => line.endsWith(" 12")));
    const { values } = await seen.get();
    const told = values.map(({ labels, exemplar }) => [labels["request"], exemplar?.labelSet["trace_id"]]);
    assert.deepEqual(
      told.sort(([a], [b]) => Number(a) - Number(b)),
      Array.from({ length: 12 }, (_, i) => [String(i + 1), (i + 1) % 3 === 1 ? traceId(i + 1) : undefined]),
    );
  });

  it("are replaced after seven seconds at the earliest", async (t) => {
    let nowMs = 0;
    const { app, registry, answered } = counting(t, { now: () => nowMs });
    const { url } = await serve(t, (_, response) => void app().then(() => response.end()));
    const kept: string[] = [];
    for (const [i, at] of [0, 6_999, 7_000].entries()) {
      nowMs = at;
      await ask(url, { headers: { traceparent: traceparent(i + 1) } });
      await answered(i + 1);
      kept.push((await exemplars(registry))[1] as string);
    }
    assert.deepEqual(kept, ["jobs_total 1 1", "jobs_total 1 1", "jobs_total 3 3"]);
  });

  it("are none where they are not asked for, and after stop()", async (t) => {
    for (const hasExemplars of [false, true]) {
      const { app, registry, answered, stop } = counting(t, { exemplars: hasExemplars });
      const { url } = await serve(t, (_, response) => void app().then(() => response.end()));
      if (hasExemplars) {
        stop();
        await ask(url, { headers: { traceparent: traceparent(7) } });
      } else {
        await ask(url, { headers: { traceparent: traceparent(7) } });
        await answered(1);
      }
      assert.deepEqual(await exemplars(registry), []);
      stop();
    }
  });
});

describe("Exemplars from OpenTelemetry", { skip: missingPackages }, () => {
  it("are those of the active span, if it is sampled, before the header's", async (t) => {
    const { trace, context, propagation } = await load("@opentelemetry/api");
    const { NodeTracerProvider, AlwaysOffSampler, AlwaysOnSampler } = await load("@opentelemetry/sdk-trace-node");
    t.after(() => {
      for (const api of [trace, context, propagation]) api.disable();
    });
    interface Span {
      end(): void;
      spanContext(): { readonly traceId: string; readonly spanId: string };
    }
    for (const isSampled of [true, false]) {
      const provider = new NodeTracerProvider({ sampler: isSampled ? new AlwaysOnSampler() : new AlwaysOffSampler() });
      provider.register();
      const tracer = trace.getTracer("spec");
      const { app, registry, answered, stop } = counting(t);
      let active: ReturnType<Span["spanContext"]> | undefined;
      const { url } = await serve(t, (_, response) =>
        tracer.startActiveSpan("request", async (span: Span) => {
          active = span.spanContext();
          await app();
          response.end();
          span.end();
        }),
      );
      await ask(url, { headers: { traceparent: traceparent(7) } });
      await answered(1);
      const labels = (await registry.getMetricsAsJSON()).flatMap(({ values }) =>
        values.flatMap(({ exemplar }) => (exemplar === undefined ? [] : [exemplar.labelSet])),
      );
      const expected = { trace_id: active?.traceId, span_id: active?.spanId };
      assert.deepEqual(labels, isSampled ? [expected, expected, expected] : []);
      stop();
      for (const api of [trace, context, propagation]) api.disable();
    }
  });
});
