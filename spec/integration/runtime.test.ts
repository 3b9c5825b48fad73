// The metrics of the process and of Node.js under a real Prometheus, and what promtool says about them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { collectDefaultMetrics, Registry } from "../../lib/index.ts";
import {
  drive,
  eventually,
  missing,
  promtoolCheckMetrics,
  type QueryServer,
  Servers,
  type ServeUrls,
  until,
} from "./harness.ts";

describe("collectDefaultMetrics under a real Prometheus", { skip: missing("prometheus", "promtool") }, () => {
  const servers = new Servers();
  after(() => servers.stop());

  let demo: ServeUrls;
  let prometheus: QueryServer;

  before(async () => {
    demo = await servers.serve("--demo-latency", "0-1");
    prometheus = await servers.prometheus({ demo: demo.metrics });
    await drive(demo.app, 200, 4);
    await until("Prometheus has scraped the demo a few times", async () =>
      ((await prometheus.value("count_over_time(process_threads[1m])")) ?? 0) >= 4 ? true : undefined,
    );
  });

  // What the system tells now, and what it told at the latest scrape, are the same when nothing has changed in between.
  it("has what the system tells about the process", () =>
    eventually(async () => {
      const folder = `/proc/${demo.program.child.pid}`;
      assert.equal(await prometheus.value("process_threads"), readdirSync(`${folder}/task`).length);
      const [openFiles] = /(?<=^Max open files +)\d+/m.exec(readFileSync(`${folder}/limits`, "utf8")) ?? [];
      assert.equal(await prometheus.value("process_max_fds"), Number(openFiles));
      const [resident] = /(?<=^VmRSS:\s+)\d+/m.exec(readFileSync(`${folder}/status`, "utf8")) ?? [];
      const told = (await prometheus.value("process_resident_memory_bytes")) ?? 0;
      assert.ok(told > Number(resident) * 512 && told < Number(resident) * 2_048, `${told} and ${resident} kB`);
      const age = (await prometheus.value("time() - process_start_time_seconds")) ?? 0;
      assert.ok(age > 0 && age < 600, `${age} s`);
    }));

  it("has rates and quantiles that can be true", () =>
    eventually(async () => {
      const cpu = (await prometheus.value("rate(process_cpu_seconds_total[1m])")) ?? -1;
      assert.ok(cpu > 0 && cpu < 8, `${cpu} processors`);
      // The slope of what there is: a rate would spread the few seconds over the whole minute.
      const looks = (await prometheus.value("deriv(nodejs_eventloop_delay_seconds_count[1m])")) ?? -1;
      assert.ok(looks > 10 && looks < 130, `${looks} looks a second`);
      const quantile = await prometheus.value(
        "histogram_quantile(0.5, sum by (le) (rate(nodejs_eventloop_delay_seconds_bucket[1m])))",
      );
      assert.ok(quantile !== undefined && quantile > 0 && quantile <= 0.005, String(quantile));
      const states = await prometheus.query("nodejs_eventloop_time_seconds_total");
      assert.deepEqual(states.map(({ labels }) => labels["nodejs_eventloop_state"]).sort(), ["active", "idle"]);
      assert.ok(((await prometheus.value("sum(nodejs_gc_duration_seconds_count)")) ?? 0) > 0);
      assert.equal(await prometheus.value(`nodejs_version_info{version="${process.version}"}`), 1);
    }));

  it("has names that promtool likes, but for those of prom-client and of OpenTelemetry that it does not", async () => {
    const lint = (names: readonly string[], kind: string, suffix: string) =>
      names.map((name) => `${name} ${kind} metrics should not have "${suffix}" suffix\n`);
    const active = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);
    assert.deepEqual(promtoolCheckMetrics(await (await fetch(demo.metrics)).text()), {
      status: 3,
      output: lint(active, "non-counter", "_total").join(""),
    });
    const registry = new Registry();
    const handle = collectDefaultMetrics({ register: registry, conventions: ["opentelemetry"] });
    const counts = ["process_thread_count", "process_unix_file_descriptor_count"];
    assert.deepEqual(promtoolCheckMetrics(await registry.metrics()), {
      status: 3,
      output: lint(counts, "non-histogram and non-summary", "_count").join(""),
    });
    handle.stop();
  });
});
