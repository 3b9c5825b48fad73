// A process that does what it is told by messages, for the specs that start some.
import { Counter, Gauge, Histogram, Summary } from "../../lib/index.ts";

const jobs = new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"] });
const size = new Histogram({ name: "size_bytes", help: "Sizes.", buckets: [1, 10] });
const wait = new Summary({ name: "wait_seconds", help: "Waits.", percentiles: [0.5, 0.99] });
new Gauge({
  name: "slow",
  help: "Takes its time.",
  async collect() {
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.set(1);
  },
});

const deeds: Readonly<Record<string, (amount: number) => void>> = {
  count: (amount) => jobs.inc({ queue: "mail" }, amount),
  observe: (amount) => {
    size.observe(amount);
    wait.observe(amount);
  },
  exit: (code) => process.exit(code),
  throw: () => {
    throw new Error("on purpose");
  },
  loop: (milliseconds) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  },
  disconnect: () => process.disconnect(),
  /** Lets the process end by itself. */
  finish: () => process.removeListener("message", listen),
};

function listen(message: unknown): void {
  if (!Array.isArray(message)) return;
  for (const [deed, amount] of message as [string, number][]) deeds[deed]?.(amount);
}

process.on("message", listen);
process.send?.("ready");
