// Processes that report to a socket. All are in this process, on both sides; spec/bin/aggregate.test.ts starts real ones.
import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { AggregatorRegistry, Counter, Registry, reportTo } from "../../lib/index.ts";
import { eventually } from "../until.ts";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "tallystick-spec-"));
  folders.push(folder);
  return join(folder, "own", "metrics.sock");
}

function countingProcess(path: string): { counter: Counter; close(): void } {
  const registry = new Registry();
  const counter = new Counter({ name: "jobs_total", help: "Jobs.", registers: [registry] });
  const reports = reportTo({ path, registries: [registry] });
  return { counter, close: () => reports.close() };
}

/** Asks until the exposition has the line. */
function hasLine(registry: AggregatorRegistry, line: string): Promise<void> {
  return eventually(async () => {
    const text = await registry.clusterMetrics({ deadlineMs: 1_000 });
    assert.ok(text.split("\n").includes(line), `"${line}" is missing in\n${text}`);
  });
}

describe("AggregatorRegistry.listen", () => {
  it("adds up what processes report to the socket, also when they have ended", async () => {
    const path = socketPath();
    const registry = new AggregatorRegistry();
    const socket = await registry.listen(path);
    const [a, b] = [countingProcess(path), countingProcess(path)];
    a.counter.inc(3);
    b.counter.inc(4);
    await hasLine(registry, "jobs_total 7");
    a.counter.inc(10);
    a.close();
    await hasLine(registry, "jobs_total 17");
    await hasLine(registry, 'tallystick_worker_up{worker="1"} 1');
    b.close();
    await hasLine(registry, "jobs_total 17");
    await socket.close();
  });

  it("goes on where its former life ended, whether processes lived on, came back or ended meanwhile", async () => {
    const path = socketPath();
    const first = new AggregatorRegistry();
    const firstSocket = await first.listen(path);
    const [lives, ends, ended] = [countingProcess(path), countingProcess(path), countingProcess(path)];
    for (const { counter } of [lives, ends, ended]) counter.inc(10);
    await hasLine(first, "jobs_total 30");
    ended.close();
    await hasLine(first, "jobs_total 30");
    await firstSocket.close();
    assert.equal(existsSync(path), false);
    ends.counter.inc(5);
    ends.close();
    lives.counter.inc(1);
    const second = new AggregatorRegistry();
    const secondSocket = await second.listen(path);
    await hasLine(second, "jobs_total 36");
    // What has come back is not counted twice.
    await hasLine(second, "jobs_total 36");
    lives.close();
    await secondSocket.close();
  });

  it("lets nobody but this user in, and takes no folder that is open to others", async () => {
    const path = socketPath();
    const registry = new AggregatorRegistry();
    const socket = await registry.listen(path);
    assert.equal(statSync(join(path, "..")).mode & 0o777, 0o700);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(path, "..", "state.frames")).mode & 0o777, 0o600);
    await assert.rejects(
      new AggregatorRegistry().listen(path),
      new Error(`Another process listens on "${path}" already.`),
    );
    await socket.close();
    chmodSync(join(path, ".."), 0o755);
    await assert.rejects(
      registry.listen(path),
      new Error(`The folder "${join(path, "..")}" is open to others. Give the socket one of its own with mode 0700.`),
    );
  });

  it("closes connections that bring rubbish, and counts it", async () => {
    const path = socketPath();
    const errors: string[] = [];
    const registry = new AggregatorRegistry({ onError: (error) => errors.push(error.message) });
    const socket = await registry.listen(path);
    const good = countingProcess(path);
    good.counter.inc(3);
    await hasLine(registry, "jobs_total 3");
    const rubbish = [
      Buffer.from("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
      Buffer.alloc(5, 255),
      Buffer.concat(Array.from({ length: 100 }, () => Buffer.of(3, 0, 0, 0, 1, 1, 2, 3))),
      Buffer.concat(Array.from({ length: 100 }, () => Buffer.of(0, 0, 0, 0, 77))),
    ];
    for (const bytes of rubbish) {
      const client = connect(path);
      const closed = new Promise((resolve) => client.once("close", resolve));
      client.on("error", () => {}).resume();
      client.write(bytes);
      await closed;
    }
    assert.equal(errors.length, 1 + 1 + 10 + 10);
    await hasLine(registry, 'tallystick_reports_refused_total{reason="frame"} 22');
    await hasLine(registry, "jobs_total 3");
    assert.doesNotMatch(await registry.metrics(), /worker="1"/);
    good.close();
    await socket.close();
  });
});
