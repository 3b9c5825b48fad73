// `bin/serve --workers 4` through a rolling restart, as a real Prometheus sees it.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { drive, eventually, missing, Servers, until } from "./harness.ts";

const WARM_UP_SECONDS = 14;
const RATE_SECONDS = 10;
/** Requests a second. */
const RATE = 40;
const SELECTOR = 'app_requests_total{route="/error"}';

describe("bin/serve --workers 4 through a rolling restart", { skip: missing("prometheus") }, () => {
  const servers = new Servers();
  after(() => servers.stop());

  it("has a rate() without a dip or a spike, and loses no request", { timeout: 300_000 }, async (t) => {
    const { app, metrics, program } = await servers.serve("--workers", "4");
    const prometheus = await servers.prometheus({ workers: metrics });
    const url = new URL("/error", app).href;
    let sent = 0;
    let isOver = false;
    const statuses = new Map<number, number>();
    const pending = new Set<Promise<unknown>>();
    const load = (async () => {
      for (const start = performance.now(); !isOver; ) {
        for (const due = ((performance.now() - start) / 1000) * RATE; sent < due; sent++) {
          const one = drive(url, 1, 1).then(([answer]) => {
            const status = answer?.status ?? 0;
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
          });
          pending.add(one);
          void one.finally(() => pending.delete(one));
        }
        await delay(10);
      }
      await Promise.all(pending);
    })();
    await delay(WARM_UP_SECONDS * 1000);
    const from = Date.now() / 1000;
    program.child.kill("SIGHUP");
    await until("all workers were restarted", () => program.output.includes("all workers were restarted") || undefined);
    await delay((RATE_SECONDS + 2) * 1000);
    const to = Date.now() / 1000;
    isOver = true;
    await load;
    // Prometheus has scraped the last request.
    await eventually(async () => assert.equal(await prometheus.value(`sum(${SELECTOR})`), sent));
    // The route always fails with 500; anything else is a request that the restart has cost.
    assert.deepEqual([...statuses], [[500, sent]]);
    const rates = await prometheus.range(`sum(rate(${SELECTOR}[${RATE_SECONDS}s]))`, from, to);
    const [least, most] = [Math.min(...rates), Math.max(...rates)];
    t.diagnostic(`${rates.length} rates from ${least} to ${most} of ${RATE} requests a second`);
    assert.ok(rates.length >= to - from - 2);
    assert.ok(least > 0.75 * RATE && most < 1.25 * RATE, rates.join(" "));
    assert.equal(await prometheus.value(`max(resets(${SELECTOR}[2m]))`), 0);
    assert.equal(await prometheus.value("min_over_time(up[2m])"), 1);
    assert.equal(await program.stop(), 0);
  });
});
