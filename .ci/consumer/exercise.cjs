// What every way of importing the packed package has to be able to do.
const assert = require("node:assert/strict");

module.exports = async function exercise({ Counter, Histogram, Registry }) {
  const registry = new Registry();
  const jobs = new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"], registers: [registry] });
  const wait = new Histogram({ name: "wait_seconds", help: "Waits.", buckets: [0.5, 1], registers: [registry] });
  jobs.inc({ queue: "mail" }, 2);
  wait.observe(0.7);
  assert.equal(
    await registry.metrics(),
    [
      "# HELP jobs_total Jobs.",
      "# TYPE jobs_total counter",
      'jobs_total{queue="mail"} 2',
      "# HELP wait_seconds Waits.",
      "# TYPE wait_seconds histogram",
      'wait_seconds_bucket{le="0.5"} 0',
      'wait_seconds_bucket{le="1"} 1',
      'wait_seconds_bucket{le="+Inf"} 1',
      "wait_seconds_sum 0.7",
      "wait_seconds_count 1",
      "",
    ].join("\n"),
  );
};
