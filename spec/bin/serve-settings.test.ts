import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { describe, it } from "node:test";
import { UsageError } from "../../bin/arguments.mts";
import { help, readSettings } from "../../bin/serve-settings.mts";

const defaults = {
  app: undefined,
  bind: undefined,
  metricsBind: { host: "127.0.0.1", port: 8_000 },
  imports: [],
  defaultMetrics: true,
  workers: undefined,
  aggregate: undefined,
  workerTimeoutMs: 30_000,
  drainTimeoutMs: 10_000,
  demoLatencyMs: [100, 500],
};

describe("readSettings", () => {
  for (const [args, settings] of [
    [[], {}],
    [["app.js"], { app: "app.js" }],
    [["--bind", "localhost:0"], { bind: { host: "localhost", port: 0 } }],
    [["--bind=[::1]:65535"], { bind: { host: "::1", port: 65_535 } }],
    [["--bind=[fe80::1%eth0]:80"], { bind: { host: "fe80::1%eth0", port: 80 } }],
    [["--bind=[::ffff:127.0.0.1]:80"], { bind: { host: "::ffff:127.0.0.1", port: 80 } }],
    [["--metrics-bind", "0.0.0.0:9"], { metricsBind: { host: "0.0.0.0", port: 9 } }],
    [["--bind", "a:1", "--bind", "b:2"], { bind: { host: "b", port: 2 } }],
    [["app.ts", "--import", "tsx", "--import=./setup.js"], { app: "app.ts", imports: ["tsx", "./setup.js"] }],
    [["--no-default-metrics"], { defaultMetrics: false }],
    [["--drain-timeout", "0"], { drainTimeoutMs: 0 }],
    [["--drain-timeout", "2.5"], { drainTimeoutMs: 2_500 }],
    [["--workers", "4"], { workers: 4 }],
    [["--aggregate", "/run/a/b.sock"], { aggregate: "/run/a/b.sock" }],
    [["--workers", "auto"], { workers: availableParallelism() }],
    [["--workers", "2", "--worker-timeout", "1.5"], { workers: 2, workerTimeoutMs: 1_500 }],
    [["--demo-latency", "0-0"], { demoLatencyMs: [0, 0] }],
  ] as const) {
    it(`reads ${JSON.stringify(args)}`, () => assert.deepEqual(readSettings(args), { ...defaults, ...settings }));
  }

  it("is asked for help or the version first", () => {
    assert.equal(readSettings(["a", "b", "--version", "-h"]), "help");
    assert.equal(readSettings(["a", "b", "--version"]), "version");
  });

  const address = "HOST:PORT, such as 127.0.0.1:8000 or [::1]:0";
  for (const [args, message] of [
    [["--bind", "5000"], `--bind takes ${address}, but got "5000".`],
    [["--bind", ":5000"], `--bind takes ${address}, but got ":5000".`],
    [["--bind", "localhost"], `--bind takes ${address}, but got "localhost".`],
    [["--bind", "::1:5000"], `--bind takes ${address}, but got "::1:5000".`],
    [["--bind", "[127.0.0.1]:x"], `--bind takes ${address}, but got "[127.0.0.1]:x".`],
    [["--bind", "http://a:1"], `--bind takes ${address}, but got "http://a:1".`],
    [["--metrics-bind", "a:65536"], `--metrics-bind takes ${address}, but got "a:65536".`],
    [["--metrics-bind", "a:-1"], `--metrics-bind takes ${address}, but got "a:-1".`],
    [["--drain-timeout", "1m"], '--drain-timeout takes a number of seconds, such as 10 or 0.5, but got "1m".'],
    [["--demo-latency", "5-1"], '--demo-latency takes MIN-MAX in milliseconds, such as 100-500, but got "5-1".'],
    [["--demo-latency", "100"], '--demo-latency takes MIN-MAX in milliseconds, such as 100-500, but got "100".'],
    [["--demo-latency", "1-5", "app.js"], "--demo-latency is for the demo, but an app is given."],
    [["a", "b", "c"], 'one app is served, but got "a" and "b" and "c".'],
    [["--no-default-metrics=1"], "--no-default-metrics takes no value."],
    [["--worker"], "there is no option --worker. Did you mean --workers?"],
    [["--aggregate", "a.sock", "app.js"], "--aggregate serves metrics alone: no app, no --bind and no --workers."],
    [["--workers", "0"], '--workers takes a number above zero, or auto, but got "0".'],
    [["--workers", "many"], '--workers takes a number above zero, or auto, but got "many".'],
    [["--worker-timeout", "5"], "--worker-timeout is for --workers."],
    [["--threads", "4"], `Node.js ${process.version} does not hand connections on to threads. Use --workers.`],
  ] as const) {
    it(`refuses ${JSON.stringify(args)}`, () => assert.throws(() => readSettings(args), new UsageError(message)));
  }
});

describe("help", () => {
  it("fits a terminal", () => {
    assert.deepEqual(
      help.split("\n").filter((line) => line.length > 100),
      [],
    );
  });
});
