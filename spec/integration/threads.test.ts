// Many worker threads, one after the other: what they leave.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "../multiprocess/thread-program.ts";

const lives = Number(process.env["THREAD_LIVES"] ?? 100);

describe("Worker threads that come and go", () => {
  it(`leave their counts and no memory, ${lives} of them`, async () => {
    const printed = await run(
      "esm",
      `
      const { register, Counter } = await load();
      const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["by"] });
      if (isMainThread) {
        for (let i = 0; i < ${lives}; i += 4) await Promise.all([1, 2, 3, 4].map(() => ended(start("short"))));
        console.log((await register.metrics()).split("\\n")[2], process.memoryUsage().arrayBuffers < 4e6);
      } else hits.inc({ by: workerData });`,
    );
    assert.equal(printed, `hits_total{by="short"} ${Math.ceil(lives / 4) * 4} true\n`);
  });
});
