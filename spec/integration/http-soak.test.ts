// A server under load for TALLYSTICK_SOAK_SECONDS, ten unless told (1800 for half an hour), with all that is measured by
// default: its memory stays as it is, nothing piles up, and it has counted what was sent.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { endWithSpec } from "../end-with-spec.ts";
import { missingPackages } from "../instrument/packages.ts";
import { drive, until } from "./harness.ts";

const seconds = Number(process.env["TALLYSTICK_SOAK_SECONDS"] ?? 10);
/** Half of the time passes before samples are compared: V8 goes on compiling for a while. */
const warmUpMs = seconds * 500;
const sampleEveryMs = Math.max(250, seconds * 10);
/** How much the line through the samples may rise in a short run: what V8 compiles late is less. */
const MOST_GROWTH_BYTES = 500_000;
/**
 * How much it may rise a request in a long one, where late compiling adds up to more: what a request leaves behind takes
 * a pointer at least, eight bytes.
 */
const MOST_BYTES_A_REQUEST = 4;

interface Vitals {
  readonly heapBytes: number;
  readonly resources: readonly string[];
}

interface Sample {
  readonly requests: number;
  readonly heapBytes: number;
}

/** The slope of the line that is nearest to the samples by the squares of its distances, in bytes a request. */
function bytesPerRequest(samples: readonly Sample[]): number {
  const mean = (read: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + read(sample), 0) / samples.length;
  const [requests, bytes] = [mean((one) => one.requests), mean((one) => one.heapBytes)];
  const covariance = mean((one) => (one.requests - requests) * (one.heapBytes - bytes));
  return covariance / mean((one) => (one.requests - requests) ** 2);
}

describe("A soak", { skip: missingPackages, timeout: (seconds + 120) * 1000 }, () => {
  it(`of ${seconds} s leaves the heap flat, the same handles, and the counts right`, async (t) => {
    const script = fileURLToPath(new URL("instrumented-app.ts", import.meta.url));
    const execArgv = ["--import", import.meta.resolve("tsx"), "--expose-gc"];
    const child = endWithSpec(fork(script, ["express"], { execArgv, stdio: ["ignore", "pipe", "inherit", "ipc"] }));
    t.after(() => child.kill());
    const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, "data");
    const [app = "", metrics = ""] = String(line).trim().split(" ");
    const vitals = async (): Promise<Vitals> => {
      child.send("vitals");
      const [told] = await once(child, "message");
      return told as Vitals;
    };

    // On a connection of its own each time, so that none is open between two of them.
    const scrape = async () => (await fetch(metrics, { headers: { Connection: "close" } })).text();

    let sent = 0;
    let failed = 0;
    const load = async (untilMs: number) => {
      // Every tenth user is the one whose requests fail.
      while (performance.now() < untilMs) {
        const answers = await drive(`${app}/users/${(sent / 200) % 10}`, 200, 8);
        sent += answers.length;
        failed += answers.filter(({ status }) => status === 500).length;
        await scrape();
      }
    };
    const counted = async (): Promise<readonly [requests: number, failures: number]> => {
      const text = await scrape();
      let [requests, failures] = [0, 0];
      const sample =
        /^http_server_request_duration_seconds_count\{[^}]*http_response_status_code="(\d+)"[^}]*\} (\d+)/gm;
      for (const [line, status, count] of text.matchAll(sample)) {
        if (!line.includes('http_route="/users/:id"')) continue;
        requests += Number(count);
        if (status === "500") failures += Number(count);
      }
      return [requests, failures];
    };
    /** What is in use once the connections of the load are closed. */
    const settled = () =>
      until("the connections of the load are closed", async () => {
        const now = await vitals();
        return now.resources.includes("TCPSocketWrap") ? undefined : now;
      });

    await load(performance.now() + warmUpMs);
    const { resources } = await settled();
    const endMs = performance.now() + seconds * 1000 - warmUpMs;
    const samples: Sample[] = [];
    while (performance.now() < endMs) {
      await load(Math.min(endMs, performance.now() + sampleEveryMs));
      const now = await settled();
      assert.deepEqual(now.resources, resources);
      samples.push({ requests: sent, heapBytes: now.heapBytes });
    }
    await until("all requests are counted", async () => ((await counted())[0] >= sent ? true : undefined));
    assert.deepEqual(await counted(), [sent, failed]);
    const slope = bytesPerRequest(samples);
    const [first, last] = [samples[0] as Sample, samples.at(-1) as Sample];
    const growth = slope * (last.requests - first.requests);
    t.diagnostic(
      `${sent} requests, ${failed} of them failed, and all were counted; active: ${resources.join(", ")}; ` +
        `${samples.length} samples of the heap, ${first.heapBytes} bytes at first and ${last.heapBytes} at last, ` +
        `a slope of ${slope.toFixed(3)} bytes a request`,
    );
    assert.ok(
      growth < MOST_GROWTH_BYTES || slope < MOST_BYTES_A_REQUEST,
      `The heap grows by ${growth} bytes in ${last.requests} requests.`,
    );
  });
});
