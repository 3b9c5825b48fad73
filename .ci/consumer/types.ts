// Compiled against the declarations of the packed package, as an ES module and as CommonJS; never run.
import metrics, { Counter, Registry } from "tallystick";
import { Gauge } from "tallystick/core";

const registry: Registry = new Registry();
const jobs = new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"], registers: [registry] });
const depth = new Gauge({ name: "depth", help: "Depth.", registers: [registry] });

jobs.inc({ queue: "mail" }, 2);
depth.set(3);
export const text: Promise<string> = registry.metrics();

// @ts-expect-error "tube" is no label of this counter
jobs.inc({ tube: "mail" });

// As a whole, by the way that prom-client is often imported.
export const asWhole: metrics.Gauge<"zone"> = new metrics.Gauge({ name: "load", help: "Load.", labelNames: ["zone"] });
