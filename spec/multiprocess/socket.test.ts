// Processes that report to a socket. All are in this process, on both sides; spec/bin/aggregate.test.ts starts real ones.
import assert from "node:assert/strict";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { AggregatorRegistry, Counter, Registry, reportTo } from "../../lib/index.ts";
import type { NumberSeries } from "../../lib/model/family.ts";
import { Aggregation, plainFamilies } from "../../lib/multiprocess/aggregation.ts";
import { Reporter } from "../../lib/multiprocess/reporter.ts";
import { SlicedWork, type Task } from "../../lib/multiprocess/sliced-work.ts";
import { SocketAggregator } from "../../lib/multiprocess/socket-aggregator.ts";
import { writeSpool } from "../../lib/multiprocess/spool.ts";
import { ALL, FRAME, writeMessage } from "../../lib/multiprocess/stream-messages.ts";
import { eventually } from "../until.ts";
import { steppedWork } from "./turns.ts";

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

/** A process whose frames the test carries, and which leaves a file when it ends. */
function endingProcess(jobs: number) {
  const registry = new Registry();
  const registers = [registry];
  const counter = new Counter({ name: "jobs_total", help: "Jobs.", registers });
  const labelled = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["path"], registers });
  counter.inc(jobs);
  let frames: Uint8Array[] = [];
  const reporter = new Reporter({ registries: () => [registry], send: (frame) => frames.push(frame) });
  const report = (isFinal = false) => {
    frames = [];
    reporter.startOver();
    reporter.report(isFinal);
    return frames as [Uint8Array, ...Uint8Array[]];
  };
  /** What changed since: nothing, but for an empty frame. */
  const changes = () => {
    frames = [];
    reporter.report();
    return frames as [Uint8Array, ...Uint8Array[]];
  };
  const leaveSpool = (folder: string) =>
    writeSpool(join(folder, `process-${reporter.incarnation}.spool`), report(true));
  return { counter, labelled, report, changes, leaveSpool };
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

  it("counts once what an ended process has left, at whatever step it is killed itself", async () => {
    const path = socketPath();
    const folder = dirname(path);
    // One has told something before it ended, and one nothing.
    const registry = new AggregatorRegistry();
    const socket = await registry.listen(path);
    const [told, silent] = [endingProcess(30), endingProcess(7)];
    const connection = connect(path);
    const [frame] = told.report();
    writeMessage(connection, FRAME, frame);
    await hasLine(registry, "jobs_total 30");
    connection.destroy();
    await socket.close();
    told.counter.inc(5);
    for (const process of [told, silent]) process.leaveSpool(folder);

    const copies: string[] = [];
    const stepped = steppedWork();
    const aggregation = new Aggregation({ work: stepped.work });
    const listening = SocketAggregator.listen(aggregation, path);
    let isListening = false;
    void listening.then(() => {
      isListening = true;
    });
    while (!isListening) {
      const copy = socketPath();
      copies.push(copy);
      cpSync(folder, dirname(copy), { recursive: true, filter: (file) => !file.endsWith(".sock") });
      chmodSync(dirname(copy), 0o700);
      // Whoever connects to see whether somebody listens needs turns too.
      await new Promise((resolve) => setImmediate(resolve));
      stepped.turn();
    }
    assert.ok(copies.length > 8, `${copies.length} steps`);
    await (await listening).close();
    for (const copy of [...copies, path]) {
      const second = new Aggregation();
      const secondSocket = await SocketAggregator.listen(second, copy);
      await second.work.pending;
      const [jobs] = plainFamilies(second.columns);
      const [series] = (jobs?.series ?? []) as readonly NumberSeries[];
      assert.equal(series?.value, 42);
      assert.deepEqual(readdirSync(dirname(copy)).sort(), ["metrics.sock", "state.frames"]);
      await secondSocket.close();
    }
  });

  it("saves what has come when it is closed, though it was not taken in yet", async () => {
    const path = socketPath();
    const stepped = steppedWork();
    const aggregation = new Aggregation({ work: stepped.work });
    const listening = SocketAggregator.listen(aggregation, path);
    let first: SocketAggregator | undefined;
    void listening.then((listens) => {
      first = listens;
    });
    await eventually(() => {
      stepped.turn();
      assert.ok(first !== undefined);
    });
    while (stepped.turn());
    const process = countingProcess(path);
    process.counter.inc(3);
    await eventually(() => assert.notEqual(aggregation.work.pending, undefined));
    await first?.close();
    const second = new AggregatorRegistry();
    const secondSocket = await second.listen(path);
    assert.match(await second.metrics(), /^jobs_total 3$/m);
    process.close();
    await secondSocket.close();
  });

  it("reads a connection no further while much of it waits to be taken in", async () => {
    const path = socketPath();
    let waiting = 0;
    let most = 0;
    let taken = 0;
    class CountedWork extends SlicedWork {
      override add(task: Task): void {
        most = Math.max(most, ++waiting);
        super.add(function* () {
          yield* task();
          waiting--;
          taken++;
        });
      }
    }
    const stepped = { turn: () => {} };
    const work = new CountedWork({
      monotonicNow: () => performance.now(),
      nextTurn: (callback) => {
        stepped.turn = callback;
      },
    });
    const turning = setInterval(() => stepped.turn(), 1);
    const aggregation = new Aggregation({ work });
    const socket = await SocketAggregator.listen(aggregation, path);
    const process = endingProcess(1);
    for (let i = 0; i < 20_000; i++) process.labelled.inc({ path: `${i} ${"x".repeat(100)}` });
    const frames = process.report();
    assert.ok(frames.length > 30);
    const connection = connect(path);
    for (const frame of frames) writeMessage(connection, FRAME, frame);
    await eventually(() => assert.ok(taken > frames.length));
    assert.ok(most <= 20, `${most} waited`);
    clearInterval(turning);
    connection.destroy();
    await socket.close();
  });

  it("tells of a state that can't be saved, and goes on", async () => {
    const path = socketPath();
    const errors: string[] = [];
    const registry = new AggregatorRegistry({ onError: (error) => errors.push(error.message) });
    const socket = await registry.listen(path);
    mkdirSync(join(dirname(path), "state.frames.new"));
    const process = countingProcess(path);
    process.counter.inc(3);
    await hasLine(registry, "jobs_total 3");
    process.close();
    await eventually(() => assert.match(errors[0] ?? "", /^EISDIR/));
    await hasLine(registry, "jobs_total 3");
    // The file that it has left is there until it is saved.
    assert.equal(readdirSync(dirname(path)).filter((name) => name.startsWith("process-")).length, 1);
    rmSync(join(dirname(path), "state.frames.new"), { recursive: true });
    await socket.close();
    assert.deepEqual(readdirSync(dirname(path)), ["state.frames"]);
  });

  it("leaves no connection behind when a process closes its reports before they have begun", async () => {
    const folder = dirname(socketPath());
    mkdirSync(folder, { recursive: true });
    const path = join(folder, "plain.sock");
    const connections: boolean[] = [];
    const server = createServer((socket) => {
      const index = connections.push(true) - 1;
      socket.resume().on("error", () => {});
      socket.once("close", () => {
        connections[index] = false;
      });
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const registry = new Registry();
    reportTo({ path, registries: [registry] }).close();
    // One that comes later shows that the first, if it came at all, has come.
    const later = connect(path);
    await new Promise((resolve) => later.once("connect", resolve));
    later.end();
    await eventually(() => assert.ok(connections.length > 0 && !connections.includes(true)));
    await new Promise((resolve) => server.close(resolve));
  });

  it("keeps no slot for a process that has gone before it told anything", async () => {
    const path = socketPath();
    const registry = new AggregatorRegistry();
    const socket = await registry.listen(path);
    const process = endingProcess(3);
    process.report();
    const connection = connect(path);
    let isAsked = false;
    connection.on("data", (bytes) => {
      isAsked ||= bytes.includes(ALL);
    });
    writeMessage(connection, FRAME, process.changes()[0]);
    await eventually(() => assert.ok(isAsked));
    assert.match(await registry.metrics(), /^tallystick_worker_up\{worker="0"\} 0$/m);
    connection.destroy();
    await eventually(async () => assert.doesNotMatch(await registry.metrics(), /tallystick_worker_up\{/));
    // It may come back.
    const again = connect(path);
    for (const frame of process.report()) writeMessage(again, FRAME, frame);
    await hasLine(registry, "jobs_total 3");
    again.destroy();
    await socket.close();
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
