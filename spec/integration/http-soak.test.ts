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

interface Vitals {
  readonly heapBytes: number;
  readonly resources: readonly string[];
}

describe("A soak", { skip: missingPackages, timeout: (seconds + 120) * 1000 }, () => {
  it(`of ${seconds} s leaves the heap flat, no handles more, and the counts right`, async (t) => {
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

    let sent = 0;
    const load = async (untilMs: number) => {
      for (let id = 1; performance.now() < untilMs; id++) {
        sent += (await drive(`${app}/users/${id}`, 200, 8)).length;
        await (await fetch(metrics)).text();
      }
    };
    const counted = async (): Promise<number> => {
      const text = await (await fetch(metrics)).text();
      const count = /^http_server_request_duration_seconds_count\{[^}]*http_route="\/users\/:id"[^}]*\} (\d+)/m.exec(
        text,
      );
      return Number(count?.[1]);
    };

    await load(performance.now() + Math.min(60_000, (seconds * 1000) / 4));
    const before = await vitals();
    await load(performance.now() + seconds * 1000 * 0.75);
    const sentinel = await until("all requests are counted", async () =>
      (await counted()) === sent ? sent : undefined,
    );
    assert.equal(await counted(), sentinel);
    const after = await until("the connections of the load are closed", async () => {
      const now = await vitals();
      return now.resources.length <= before.resources.length ? now : undefined;
    });
    const grown = after.heapBytes - before.heapBytes;
    t.diagnostic(`${sent} requests; the heap was ${before.heapBytes} bytes, and ${after.heapBytes} afterwards`);
    // A leak of one object a request would be more than this.
    assert.ok(grown < Math.max(1_500_000, sent * 10), `The heap grew by ${grown} bytes in ${sent} requests.`);
  });
});
