// Workers that end in every way for as long as CHAOS_SECONDS says, under load, as Prometheus and the clients see it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaintsAbout, runChaos } from "./chaos.ts";

const seconds = Number(process.env["CHAOS_SECONDS"] ?? 20);

describe("bin/serve --workers 4 whose workers end in every way", () => {
  it(`loses nothing but the last interval of killed workers, for ${seconds} s`, {
    timeout: (seconds + 120) * 1000,
  }, async (t) => {
    const observed = await runChaos({ seconds, seed: Number(process.env["CHAOS_SEED"] ?? 1) });
    const { scrapes, completed, failed, mayBeLost, events } = observed;
    const counted = scrapes.at(-1)?.samples.get('served_total{route="/work"}');
    const slowest = Math.max(...scrapes.map(({ tookMs }) => tookMs));
    t.diagnostic(JSON.stringify({ completed, counted, failed, mayBeLost, events, scrapes: scrapes.length, slowest }));
    assert.deepEqual(complaintsAbout(observed), [], observed.log);
    assert.equal(observed.exitCode, 0, observed.log);
  });

  it("is found out when the app itself does not count some requests", async () => {
    // Nobody is killed, so nothing may be lost.
    const observed = await runChaos({ seconds: 4, seed: 1, eachMs: 1e6, lossEach: 10 });
    const complaints = complaintsAbout(observed);
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] as string, /were counted of \d+ that clients saw completed, and 0 may be lost$/);
  });
});
