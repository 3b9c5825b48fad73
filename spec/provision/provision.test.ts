import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectDefaultMetrics, Registry } from "../../lib/index.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import type { ProvisionOptions } from "../../lib/provision/options.ts";
import { provision } from "../../lib/provision/provision.ts";
import { gauge, latency, native, quantiles, requests, users } from "./families.ts";

const target = "http://127.0.0.1:8000/metrics";

function file(path: string, families: readonly MetricFamily[], options: Partial<ProvisionOptions> = {}): string {
  const text = provision(families, { target, ...options }).files.get(path);
  assert.ok(text !== undefined, path);
  return text;
}

describe("provision", () => {
  it("makes the files of a monitored service", () => {
    assert.deepEqual(
      [...provision([requests], { target }).files.keys()],
      [
        "prometheus.yml",
        "alertmanager.yml",
        "rules/recording.yml",
        "rules/alerts.yml",
        "grafana/dashboards/app-1f6a832c.json",
        "grafana/provisioning/datasources/prometheus.yml",
        "grafana/provisioning/dashboards/dashboards.yml",
        "docs/metrics.md",
        "docs/metrics.json",
      ],
    );
    const slos = [{ objective: 0.999, thresholdSeconds: 0.25 }];
    assert.ok(provision([latency], { target, slos }).files.has("rules/slo.yml"));
  });

  it("makes the same of the same families, in whatever order they come and whatever they count", () => {
    const families = [requests, latency, quantiles, users, native];
    const counted = { ...requests, series: requests.series.map((series) => ({ ...series, value: series.value + 7 })) };
    const later = [native, users, quantiles, latency, counted];
    assert.deepEqual(provision(later, { target }), provision(families, { target }));
  });

  it("tells Grafana where Prometheus is, with no $ that it would take for a variable", () => {
    assert.match(
      file("grafana/provisioning/datasources/prometheus.yml", [requests], { prometheusUrl: "http://p:9090/a$b$c" }),
      /^ {4}url: "http:\/\/p:9090\/a\$\$b\$\$c"$/m,
    );
  });

  it("tells Prometheus what to scrape, which rules to follow, and where alerts go", () => {
    assert.equal(
      file("prometheus.yml", [requests], { job: "shop", intervalMs: 5_000, alertmanager: "alerts:9093" }),
      `global:
  scrape_interval: "5s"
  evaluation_interval: "5s"
rule_files:
  - "rules/*.yml"
alerting:
  alertmanagers:
    - static_configs:
        - targets:
            - "alerts:9093"
scrape_configs:
  - job_name: shop
    scheme: http
    metrics_path: /metrics
    scrape_timeout: "5s"
    static_configs:
      - targets:
          - "127.0.0.1:8000"
`,
    );
  });

  it("has the credentials in a file, the query of the target, and the port that its scheme has", () => {
    const [bearer, basic] = [
      { type: "bearer", tokenFile: "/run/token" },
      { type: "basic", username: "prometheus", passwordFile: "/run/password" },
    ].map((credentials) =>
      file("prometheus.yml", [users], {
        target: "https://[::1]/metrics?name[]=a&name[]=b",
        credentials: credentials as NonNullable<ProvisionOptions["credentials"]>,
      })
        .split("scrape_configs:\n")
        .at(1),
    );
    const rest = (credentials: string) => `  - job_name: app
    scheme: https
    metrics_path: /metrics
    params:
      "name[]":
        - a
        - b
    scrape_timeout: "10s"
${credentials}
    static_configs:
      - targets:
          - "[::1]:443"
`;
    assert.equal(
      bearer,
      rest(`    authorization:
      type: Bearer
      credentials_file: /run/token`),
    );
    assert.equal(
      basic,
      rest(`    basic_auth:
      username: prometheus
      password_file: /run/password`),
    );
  });

  it("asks for native histograms in the way that the version of Prometheus has", () => {
    const asked = (prometheusVersion: readonly [number, number]) => {
      const { files, notes } = provision([native], { target, prometheusVersion });
      const lines = (files.get("prometheus.yml") as string).split("\n").map((line) => line.trim());
      const protocols = lines.slice(lines.indexOf("scrape_protocols:")).slice(0, 4);
      return {
        protocols: lines.includes("scrape_protocols:") ? protocols : [],
        isConfigured: lines.includes("scrape_native_histograms: true"),
        notes,
      };
    };
    const flag = "There are native histograms: start Prometheus with --enable-feature=native-histograms.";
    const protocols = [
      "scrape_protocols:",
      "- PrometheusProto",
      '- "OpenMetricsText1.0.0"',
      '- "PrometheusText0.0.4"',
    ].map((line) => line.replaceAll('"', ""));
    const plain = (found: ReturnType<typeof asked>) => ({
      ...found,
      protocols: found.protocols.map((line) => line.replaceAll('"', "")),
    });
    assert.deepEqual(plain(asked([2, 42])), { protocols: [], isConfigured: false, notes: [flag] });
    assert.deepEqual(plain(asked([3, 5])), { protocols, isConfigured: false, notes: [flag] });
    assert.deepEqual(plain(asked([3, 8])), { protocols, isConfigured: true, notes: [] });
  });

  it("records rates, the share of errors, and quantiles", () => {
    assert.equal(
      file("rules/recording.yml", [requests, latency, quantiles, native, users]),
      `groups:
  - name: "app rates"
    rules:
      - record: "job:app_latency_seconds:rate5m"
        expr: |-
          sum without (instance, worker) (rate(app_latency_seconds_count{job="app"}[5m]))
      - record: "job:app_requests:rate5m"
        expr: |-
          sum without (instance, worker) (rate(app_requests_total{job="app"}[5m]))
      - record: "job:app_sizes_bytes:rate5m"
        expr: |-
          sum without (instance, worker) (histogram_count(rate(app_sizes_bytes{job="app"}[5m])))
      - record: "job:app_wait_seconds:rate5m"
        expr: |-
          sum without (instance, worker) (rate(app_wait_seconds_count{job="app"}[5m]))
      - record: "job:app_requests:error_ratio_rate5m"
        expr: |-
          (sum by (job) (rate(app_requests_total{job="app",status=~"5.."}[5m])) or 0 * sum by (job) (rate(app_requests_total{job="app"}[5m]))) / sum by (job) (rate(app_requests_total{job="app"}[5m]))
      - record: "job:app_latency_seconds:p50_rate5m"
        expr: |-
          histogram_quantile(0.5, sum by (job, le) (rate(app_latency_seconds_bucket{job="app"}[5m])))
      - record: "job:app_latency_seconds:p90_rate5m"
        expr: |-
          histogram_quantile(0.9, sum by (job, le) (rate(app_latency_seconds_bucket{job="app"}[5m])))
      - record: "job:app_latency_seconds:p99_rate5m"
        expr: |-
          histogram_quantile(0.99, sum by (job, le) (rate(app_latency_seconds_bucket{job="app"}[5m])))
      - record: "job:app_sizes_bytes:p50_rate5m"
        expr: |-
          histogram_quantile(0.5, sum by (job) (rate(app_sizes_bytes{job="app"}[5m])))
      - record: "job:app_sizes_bytes:p90_rate5m"
        expr: |-
          histogram_quantile(0.9, sum by (job) (rate(app_sizes_bytes{job="app"}[5m])))
      - record: "job:app_sizes_bytes:p99_rate5m"
        expr: |-
          histogram_quantile(0.99, sum by (job) (rate(app_sizes_bytes{job="app"}[5m])))
`,
    );
  });

  /** Each alert with its condition. */
  function alerts(families: readonly MetricFamily[], options: Partial<ProvisionOptions> = {}): [string, string][] {
    const text = file("rules/alerts.yml", families, options);
    return [...text.matchAll(/- alert: (\w+)\n +expr: \|-\n +(.+)\n/g)].map(([, name, expr]) => [
      name as string,
      expr as string,
    ]);
  }

  it("warns of what the metrics can tell, and of nothing else", () => {
    const always: [string, string][] = [
      ["TargetDown", 'up{job="app"} == 0'],
      ["TargetMissing", 'absent(up{job="app"})'],
    ];
    const collectors: [string, string] = [
      "CollectorFails",
      'sum by (job, collector) (increase(tallystick_collector_errors_total{job="app"}[5m])) > 0',
    ];
    assert.deepEqual(alerts([users]), [...always, collectors]);
    assert.deepEqual(
      alerts([
        requests,
        latency,
        quantiles,
        gauge("nodejs_eventloop_lag_p99_seconds"),
        gauge("process_open_fds"),
        gauge("process_max_fds"),
        gauge("process_start_time_seconds"),
        gauge("tallystick_worker_up"),
      ]),
      [
        ...always,
        ["ErrorRatioHigh", 'job:app_requests:error_ratio_rate5m{job="app"} > 0.05'],
        ["LatencyHigh", 'job:app_latency_seconds:p99_rate5m{job="app"} > 1'],
        ["LatencyHigh", 'max by (job) (app_wait_seconds{job="app",quantile=~"1|1\\\\.0"}) > 1'],
        ["EventLoopLate", 'max by (job, instance) (nodejs_eventloop_lag_p99_seconds{job="app"}) > 0.1'],
        ["NearLimit", 'process_open_fds{job="app"} / process_max_fds{job="app"} > 0.9'],
        ["RestartsOften", 'sum by (job, instance) (changes(process_start_time_seconds{job="app"}[1h])) > 3'],
        ["WorkerDown", 'tallystick_worker_up{job="app"} == 0'],
        collectors,
      ],
    );
  });

  it("watches what the process runs out of, by the names that the runtime metrics really have", () => {
    const named = (conventions: readonly ("prometheus" | "opentelemetry")[]) => {
      const registry = new Registry();
      const collecting = collectDefaultMetrics({ register: registry, conventions });
      const families = registry.getMetricsAsArray().map(({ name }) => gauge(name));
      collecting.stop();
      return alerts(families).slice(2, -1);
    };
    const prometheus = [
      ["EventLoopLate", 'max by (job, instance) (nodejs_eventloop_lag_p99_seconds{job="app"}) > 0.1'],
      ["NearLimit", 'process_open_fds{job="app"} / process_max_fds{job="app"} > 0.9'],
      ["NearLimit", 'nodejs_heap_size_used_bytes{job="app"} / nodejs_heap_size_limit_bytes{job="app"} > 0.9'],
      ["NearLimit", 'process_resident_memory_bytes{job="app"} / process_cgroup_memory_limit_bytes{job="app"} > 0.9'],
      ["RestartsOften", 'sum by (job, instance) (changes(process_start_time_seconds{job="app"}[1h])) > 3'],
    ];
    assert.deepEqual(named(["prometheus"]), prometheus);
    assert.deepEqual(named(["prometheus", "opentelemetry"]), prometheus);
    assert.deepEqual(named(["opentelemetry"]), [
      ["EventLoopLate", 'max by (job, instance) (nodejs_eventloop_delay_p99_seconds{job="app"}) > 0.1'],
      ["NearLimit", 'process_memory_usage_bytes{job="app"} / process_cgroup_memory_limit_bytes{job="app"} > 0.9'],
      ["RestartsOften", 'sum by (job, instance) (resets(process_uptime_seconds{job="app"}[1h])) > 3'],
    ]);
  });

  it("judges a service by what it answers, and not by what it asks of others", () => {
    const durations = (name: string): MetricFamily => ({
      ...latency,
      name,
      series: [{ ...latency.series[0], labels: { http_response_status_code: "200" } }],
    });
    const families = [
      durations("http_server_request_duration_seconds"),
      durations("http_client_request_duration_seconds"),
    ];
    assert.deepEqual(alerts(families).slice(2, -1), [
      ["ErrorRatioHigh", 'job:http_server_request_duration_seconds:error_ratio_rate5m{job="app"} > 0.05'],
      ["LatencyHigh", 'job:http_server_request_duration_seconds:p99_rate5m{job="app"} > 1'],
    ]);
    // A cache, whose bounds could not judge the promise, has promised nothing.
    const slos = [{ objective: 0.99, thresholdSeconds: 0.25 }];
    const cache: MetricFamily = {
      ...latency,
      name: "cache_age_seconds",
      series: [{ ...latency.series[0], buckets: [{ bound: 10, count: 3 }] }],
    };
    const text = file("rules/slo.yml", [...families, cache], { slos });
    assert.deepEqual([...new Set(text.match(/job:\w+/g))], ["job:http_server_request_duration_seconds"]);
  });

  it("counts the requests of a native histogram, which has no series for its count", () => {
    const durations: MetricFamily = {
      ...native,
      name: "http_server_request_duration_seconds",
      series: native.series.map((series) => ({ ...series, labels: { http_response_status_code: "200" } })),
    } as MetricFamily;
    const all = 'sum by (job) (histogram_count(rate(http_server_request_duration_seconds{job="app"}[5m])))';
    const failed =
      'sum by (job) (histogram_count(rate(http_server_request_duration_seconds{job="app",http_response_status_code=~"5.."}[5m])))';
    assert.ok(file("rules/recording.yml", [durations]).includes(`(${failed} or 0 * ${all}) / ${all}`));
    for (const path of provision([durations], { target }).files.keys()) {
      assert.doesNotMatch(file(path, [durations]), /duration_seconds_count/, path);
    }
  });

  it("takes every threshold from the options, and records the quantile that is watched", () => {
    const thresholds = { errorRatio: 0.01, latencySeconds: 0.4, latencyQuantile: 0.95, saturationRatio: 0.5 };
    const found = alerts([requests, latency, quantiles, gauge("process_open_fds"), gauge("process_max_fds")], {
      thresholds,
      rateWindowMs: 60_000,
    });
    assert.deepEqual(found.slice(2, -1), [
      ["ErrorRatioHigh", 'job:app_requests:error_ratio_rate1m{job="app"} > 0.01'],
      ["LatencyHigh", 'job:app_latency_seconds:p95_rate1m{job="app"} > 0.4'],
      ["LatencyHigh", 'max by (job) (app_wait_seconds{job="app",quantile=~"1|1\\\\.0"}) > 0.4'],
      ["NearLimit", 'process_open_fds{job="app"} / process_max_fds{job="app"} > 0.5'],
    ]);
    const recorded = file("rules/recording.yml", [latency], { thresholds, rateWindowMs: 60_000 });
    assert.deepEqual(
      [...recorded.matchAll(/record: "(.+)"/g)].map(([, name]) => name),
      [
        "job:app_latency_seconds:rate1m",
        "job:app_latency_seconds:p50_rate1m",
        "job:app_latency_seconds:p90_rate1m",
        "job:app_latency_seconds:p95_rate1m",
        "job:app_latency_seconds:p99_rate1m",
      ],
    );
  });

  it("takes a label for a status only when it holds one", () => {
    const grpc: MetricFamily = {
      name: "calls_total",
      type: "counter",
      help: "Calls.",
      series: [{ labels: { code: "OK" }, value: 1 }],
    };
    const classes: MetricFamily = { ...grpc, series: [{ labels: { code: "2xx" }, value: 1 }] };
    assert.deepEqual(alerts([grpc]).slice(2, -1), []);
    assert.deepEqual(alerts([classes]).slice(2, -1), [
      ["ErrorRatioHigh", 'job:calls:error_ratio_rate5m{job="app"} > 0.05'],
    ]);
  });

  it("judges a promise over short and long windows, slow and failed requests alike", () => {
    const durations: MetricFamily = {
      ...latency,
      name: "http_server_request_duration_seconds",
      series: [{ ...latency.series[0], labels: { http_response_status_code: "200" } }],
    };
    const text = file("rules/slo.yml", [durations], { slos: [{ objective: 0.9, thresholdSeconds: 1 }] });
    const records = [...text.matchAll(/- record: "(.+)"\n +expr: \|-\n +(.+)\n/g)].map(([, name, expr]) => [
      name,
      expr,
    ]);
    assert.deepEqual(
      records.map(([name]) => name),
      ["5m", "30m", "1h", "2h", "6h", "1d", "3d"].map(
        (window) => `job:http_server_request_duration_seconds:over_1s_ratio_rate${window}`,
      ),
    );
    assert.equal(
      records[0]?.[1],
      '1 - sum by (job) (rate(http_server_request_duration_seconds_bucket{job="app",http_response_status_code!~"5..",le=~"1|1\\\\.0"}[5m])) / sum by (job) (rate(http_server_request_duration_seconds_count{job="app"}[5m]))',
    );
    // Ten per cent may fail: 14.4 times as many can't.
    const over = (window: string, limit: number) =>
      `job:http_server_request_duration_seconds:over_1s_ratio_rate${window}{job="app"} > ${limit}`;
    assert.deepEqual(
      [...text.matchAll(/- alert: SloBurnsFast\n +expr: \|-\n +(.+)\n/g)].map(([, expr]) => expr),
      [
        `${over("6h", 0.6)} and ${over("30m", 0.6)}`,
        `${over("1d", 0.3)} and ${over("2h", 0.3)}`,
        `${over("3d", 0.1)} and ${over("6h", 0.1)}`,
      ],
    );
  });

  it("says by what a promise is judged where no bound is at its time, and refuses one that can't be judged", () => {
    const slos = (thresholdSeconds: number) => ({ target, slos: [{ objective: 0.999, thresholdSeconds }] });
    assert.deepEqual(provision([latency], slos(0.4)).notes, [
      'Histogram "app_latency_seconds" has no bound at 0.4 s, so the promise is judged by 0.25 s. Add the bound to be exact.',
    ]);
    assert.deepEqual(provision([latency], slos(0.25)).notes, []);
    assert.throws(() => provision([latency], slos(0.1)), {
      name: "RangeError",
      message:
        'Histogram "app_latency_seconds" can\'t tell which requests took 0.1 s or less: its least bound is 0.25.',
    });
    assert.throws(() => provision([users], slos(0.1)), {
      name: "RangeError",
      message: "There is no histogram of latencies in seconds, by which a promise could be judged.",
    });
  });

  it("shortens all waiting for a rehearsal, and leaves thresholds and the interval as they are", () => {
    const options = { timeScale: 0.01, intervalMs: 1_000, thresholds: { latencySeconds: 0.4 } };
    assert.deepEqual(alerts([latency], options)[2], [
      "LatencyHigh",
      'job:app_latency_seconds:p99_rate3s{job="app"} > 0.4',
    ]);
    const text = file("alertmanager.yml", [latency], options);
    assert.deepEqual(
      [...text.matchAll(/(group_wait|group_interval|repeat_interval): "(.+)"/g)].map(([, name, time]) => [name, time]),
      [
        ["group_wait", "300ms"],
        ["group_interval", "3s"],
        ["repeat_interval", "2m24s"],
      ],
    );
  });

  it("takes the braces of a metric's name for text, where Prometheus runs templates", () => {
    const families = [{ ...latency, name: 'a{{ template "x" }}{{{b_seconds' }];
    const slos = [{ objective: 0.99, thresholdSeconds: 1 }];
    const texts = ["rules/alerts.yml", "rules/slo.yml"].map((path) => file(path, families, { slos }));
    const lines = texts.join("").split("\n");
    const escaped = 'a{{"{{"}} template "x" }}{{"{{"}}{b_seconds';
    assert.deepEqual(
      lines.filter((line) => line.includes("The 0.99 quantile")).map((line) => line.trim()),
      [`The 0.99 quantile of ${escaped} is above 1 s.`],
    );
    const metrics = lines.flatMap((line, i) => (/^ +metric: /.test(line) ? [(lines[i + 1] as string).trim()] : []));
    assert.deepEqual(new Set(metrics), new Set([escaped]));
    assert.match(lines.find((line) => line.includes("Promised are")) as string, /of a\{\{"\{\{"\}\} template "x"/);
  });

  it("asks Prometheus 2 for names that it knows, and tells rules apart whose names would be alike", () => {
    const families = ["é.b_total", "è.b_total"].map((name) => ({ ...requests, name }));
    const records = (prometheusVersion: readonly [number, number]) =>
      file("rules/recording.yml", families.slice(0, prometheusVersion[0] === 2 ? 1 : 2), { prometheusVersion });
    assert.match(records([2, 53]), /sum without \(instance, worker\) \(rate\(__b_total\{job="app"\}\[5m\]\)\)/);
    assert.match(records([3, 0]), /rate\(\{"é\.b_total",job="app"\}\[5m\]\)/);
    const names = [...records([3, 0]).matchAll(/record: "(.+)"/g)].map(([, name]) => name);
    assert.equal(new Set(names).size, 4);
    for (const name of names) assert.match(name as string, /^job:[a-zA-Z0-9_]+:(?:rate|error_ratio_rate)5m$/);
  });

  it("silences warnings of a metric that a critical alert is about, and none of other processes", () => {
    const text = file("alertmanager.yml", [users]);
    assert.equal(
      text.slice(text.indexOf("inhibit_rules")),
      `inhibit_rules:
  - source_matchers:
      - |-
        alertname="TargetDown"
    target_matchers:
      - |-
        alertname!="TargetDown"
    equal:
      - job
      - instance
  - source_matchers:
      - |-
        severity="critical"
      - |-
        metric!=""
    target_matchers:
      - |-
        severity="warning"
    equal:
      - job
      - metric
`,
    );
  });

  it("refuses options that can't work, and says why", () => {
    const cases: readonly (readonly [Partial<ProvisionOptions>, string, string])[] = [
      [{ target: "metrics" }, "TypeError", '"target" must be an http or https URL, but got "metrics".'],
      [{ target: "ftp://a/" }, "TypeError", '"target" must be an http or https URL, but got "ftp://a/".'],
      [
        { target: "http://u:secret@a/" },
        "TypeError",
        '"target" must not hold a password: what is written here is read by many.',
      ],
      [{ job: "" }, "TypeError", "The job needs a name."],
      [{ intervalMs: 0 }, "RangeError", '"intervalMs" must be a positive number, but got 0.'],
      [{ timeScale: Number.NaN }, "RangeError", '"timeScale" must be a positive number, but got NaN.'],
      [{ thresholds: { errorRatio: 1 } }, "RangeError", '"errorRatio" must lie between 0 and 1, but got 1.'],
      [{ thresholds: { latencySeconds: -1 } }, "RangeError", '"latencySeconds" must be a positive number, but got -1.'],
      [
        { rateWindowMs: 20_000 },
        "RangeError",
        "A rate over 20s has nothing to compare when scrapes are 15s apart. Lengthen the rate window, or scrape more often.",
      ],
      [
        { rateWindowMs: 600_000, timeScale: 0.1, intervalMs: 20_000, slos: [{ objective: 0.9, thresholdSeconds: 1 }] },
        "RangeError",
        "A rate over 30s has nothing to compare when scrapes are 20s apart. Lengthen the rate window, or scrape more often.",
      ],
      [
        { slos: [{ objective: 99.9, thresholdSeconds: 1 }] },
        "RangeError",
        '"objective" must lie between 0 and 1, but got 99.9.',
      ],
      [{ prometheusVersion: [2, 41] }, "RangeError", "The files are for Prometheus 2.42 and later, not 2.41."],
    ];
    for (const [options, name, message] of cases) {
      assert.throws(() => provision([latency], { target, ...options }), { name, message });
    }
  });
});
