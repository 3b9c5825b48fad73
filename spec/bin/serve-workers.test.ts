// The built program with worker processes, and as an aggregator. spec/integration has it under load.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { eventually } from "../until.ts";
import { folderWith, freePorts, fromBuild, Program, root } from "./program.ts";

const library = join(root, "dist/esm/lib/index.js");

describe("serve --workers", () => {
  it("shares the app's port among processes, exposes them as one, and finishes requests when it ends", async () => {
    const folder = folderWith({
      "app.mjs": `
        import { Counter } from ${JSON.stringify(library)};
        const served = new Counter({ name: "served_total", help: "Served." });
        let finish = () => {};
        // So the test knows when the request has come, and the request ends when the worker was told to.
        process.on("message", (message) => message === "serve/stop" && setImmediate(() => finish()));
        export default (request, response) => {
          served.inc();
          const answer = () => response.end(String(process.pid));
          if (request.url !== "/slow") return answer();
          finish = answer;
          console.log("asked /slow");
        };`,
    });
    const program = new Program([...fromBuild, "app.mjs", "--workers", "2", ...freePorts], folder);
    const { app, metrics } = await program.urls();
    const pids = await Promise.all(Array.from({ length: 8 }, async () => (await fetch(app)).text()));
    assert.equal(new Set(pids).size, 2);
    await exposes(metrics, /^served_total 8$/m);
    const slow = fetch(new URL("/slow", app));
    await program.line(/asked \/slow\n/);
    program.kill("SIGTERM");
    assert.equal((await slow).status, 200);
    assert.equal((await program.end()).code, 0);
  });

  it("answers connections that were on their way to a worker when that was told to stop", async () => {
    const folder = folderWith({
      "app.mjs": `
        import { existsSync } from "node:fs";
        process.prependListener("message", (message) => {
          if (message !== "serve/stop") return;
          console.log("told to stop");
          while (!existsSync("go on"));
        });
        export default (request, response) => { response.end("answered"); };`,
    });
    const program = new Program([...fromBuild, "app.mjs", "--workers", "1", ...freePorts], folder);
    const { app } = await program.urls();
    program.kill("SIGHUP");
    await program.line(/told to stop\n/);
    // One waits for the old worker, which does not listen at the moment. All others are for its successor.
    let answered = 0;
    const answers = Array.from({ length: 4 }, async () => {
      const text = await (await fetch(app, { signal: AbortSignal.timeout(60_000) })).text();
      answered++;
      return text;
    });
    await eventually(() => assert.equal(answered, 3));
    writeFileSync(join(folder, "go on"), "");
    assert.deepEqual(await Promise.all(answers), Array(4).fill("answered"));
    await program.stop();
  });

  it("gives up when the app does not start, says why, and exits with 1", async () => {
    const folder = folderWith({ "app.mjs": "export default 5;" });
    const program = new Program([...fromBuild, "app.mjs", "--workers", "2", ...freePorts], folder);
    const { code, stderr } = await program.end();
    assert.equal(code, 1);
    assert.match(stderr, /^serve: The app is a number, but should be a request listener/m);
    assert.match(stderr, /^serve: worker \d \(process \d+\) ended with exit code 1 before it served\.$/m);
  });
});

describe("serve --aggregate", () => {
  it("exposes processes that come to its socket, and goes on after its restart and theirs", async () => {
    const folder = folderWith({
      "count.mjs": `
        import { Counter, reportTo } from ${JSON.stringify(library)};
        new Counter({ name: "counted_total", help: "Counted." }).inc(5);
        reportTo({ path: process.argv[2] });
        // Whether the report was sent by then or not, it is not lost.
        setTimeout(() => process.exit(0), 100);`,
    });
    const path = join(folder, "own", "metrics.sock");
    const args = [...fromBuild, "--aggregate", path, "--metrics-bind", "127.0.0.1:0"];
    const count = async () => assert.equal((await new Program(["count.mjs", path], folder).end()).code, 0);
    const start = async () => {
      const program = new Program(args, folder);
      const [, metrics = ""] = await program.line(/ have their metrics on (\S+)\n/);
      return { program, counted: (line: RegExp) => exposes(metrics, line) };
    };
    const first = await start();
    await count();
    await first.counted(/^counted_total 5$/m);
    assert.equal((await first.program.stop()).code, 0);
    await count();
    const second = await start();
    await second.counted(/^counted_total 10$/m);
    await count();
    await second.counted(/^counted_total 15$/m);
    await second.program.stop();
  });
});

/** Waits until the exposition has the line. */
function exposes(metrics: string, line: RegExp): Promise<void> {
  return eventually(async () => assert.match(await (await fetch(metrics)).text(), line));
}
