// `bin/serve --workers 4` through a rolling restart, as a real Prometheus sees it.
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { drive, eventually, missing, Servers, until } from "./harness.ts";

const WARM_UP_SECONDS = 14;
const RATE_SECONDS = 10;
/** Requests a second. */
const RATE = 40;
/** How much later than a client Prometheus may know of a request: a scrape, and the time that it takes. */
const LATE_SECONDS = 4;
const SELECTOR = 'app_requests_total{route="/error"}';

describe("bin/serve --workers 4 through a rolling restart", { skip: missing("prometheus") }, () => {
  const servers = new Servers();
  after(() => servers.stop());

  it("has a rate() without a dip or a spike, and loses no request", { timeout: 300_000 }, async (t) => {
    const { app, metrics, program } = await servers.serve("--workers", "4");
    const patience = { scrape_interval: "2s", scrape_timeout: "2s" };
    const prometheus = await servers.prometheus({ workers: metrics }, patience);
    const url = new URL("/error", app).href;
    let sent = 0;
    let isOver = false;
    const statuses = new Map<number, number>();
    /** When the answers came, in seconds since the epoch. */
    const answers: number[] = [];
    const pending = new Set<Promise<unknown>>();
    const load = (async () => {
      for (const start = performance.now(); !isOver; ) {
        for (const due = ((performance.now() - start) / 1000) * RATE; sent < due; sent++) {
          const one = drive(url, 1, 1).then(([answer]) => {
            const status = answer?.status ?? 0;
            statuses.set(status, (statuses.get(status) ?? 0) + 1);
            answers.push(Date.now() / 1000);
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
    const values = rates.map(([, rate]) => rate);
    t.diagnostic(
      `${rates.length} rates from ${Math.min(...values)} to ${Math.max(...values)} of ${RATE} requests a second`,
    );
    assert.ok(rates.length >= to - from - 2);
    // On a busy machine the clients themselves are uneven, and what they saw is what Prometheus has to tell.
    for (const [time, rate] of rates) {
      const seen = Array.from({ length: LATE_SECONDS + 2 }, (_, i) => {
        const end = time + 1 - i;
        return answers.filter((at) => end - RATE_SECONDS < at && at <= end).length / RATE_SECONDS;
      });
      const [least, most] = [Math.min(...seen), Math.max(...seen)];
      assert.ok(
        least - 0.25 * RATE < rate && rate < most + 0.25 * RATE,
        `${rate} at ${time}, and ${seen} by the clients`,
      );
    }
    assert.equal(await prometheus.value(`max(resets(${SELECTOR}[2m]))`), 0);
    // No scrape was refused or failed. On a busy machine one may take longer than Prometheus waits.
    const failed = "(up == 0 and scrape_duration_seconds < 1.9)";
    assert.equal(await prometheus.value(`count_over_time(${failed}[2m:1s])`), undefined);
    assert.ok(((await prometheus.value("avg_over_time(up[2m])")) ?? 0) > 0.5);
    assert.equal(await program.stop(), 0);
  });
});
