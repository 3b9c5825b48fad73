// The short form of the chaos specs; spec/integration/chaos.test.ts runs for longer.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { complaintsAbout, type Observed, runChaos } from "../integration/chaos.ts";

describe("bin/serve --workers whose workers end in every way", () => {
  let observed: Observed;
  before(async () => {
    observed = await runChaos({ seconds: 6, seed: 5, workers: 3, eachMs: 800 });
  });

  it("answers every scrape, lets no counter fall, and counts what clients saw completed", (t) => {
    const { completed, failed, mayBeLost, events } = observed;
    t.diagnostic(JSON.stringify({ completed, failed, mayBeLost, events, scrapes: observed.scrapes.length }));
    assert.deepEqual(complaintsAbout(observed), []);
    assert.ok(completed > 0 && observed.scrapes.length > 3);
    assert.equal(observed.exitCode, 0, observed.log);
  });

  it("would be found out if it lost one request more than it may, or a counter fell", () => {
    const last = observed.scrapes.at(-1) as Observed["scrapes"][number];
    const key = 'served_total{route="/work"}';
    const allowed = observed.completed - observed.mayBeLost;
    const short = { ...last, samples: new Map([...last.samples, [key, allowed - 1]]) };
    const lost = complaintsAbout({ ...observed, scrapes: [short] });
    assert.match(lost.join("\n"), /were counted of \d+ that clients saw completed/);
    const fallen = complaintsAbout({ ...observed, scrapes: [last, short] });
    assert.match(fallen.join("\n"), /^served_total\{route="\/work"\} fell from/m);
  });
});
