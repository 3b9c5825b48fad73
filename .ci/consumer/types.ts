// Compiled against the declarations of the packed package, as an ES module and as CommonJS; never run.
import { Counter, Registry } from "tallystick";
import { Gauge } from "tallystick/core";

const registry: Registry = new Registry();
const jobs = new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"], registers: [registry] });
const depth = new Gauge({ name: "depth", help: "Depth.", registers: [registry] });

jobs.inc({ queue: "mail" }, 2);
depth.set(3);
export const text: Promise<string> = registry.metrics();

// @ts-expect-error "tube" is no label of this counter
jobs.inc({ tube: "mail" });
