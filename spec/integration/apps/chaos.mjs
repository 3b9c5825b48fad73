// The app of the chaos specs: it answers with its process id, when it has counted the request, and how late its timers
// were lately; and it ends in the way that it is asked to.
import { Counter, Histogram } from "../../../dist/esm/lib/index.js";

const served = new Counter({ name: "served_total", help: "Requests served.", labelNames: ["route"] });
const seconds = new Histogram({ name: "work_seconds", help: "Work.", buckets: [0.001, 0.01, 0.1] });
/** Each so manieth request is not counted, so that it is seen whether anybody notices. */
const lossEach = Number(process.env.CHAOS_LOSS_EACH ?? Number.POSITIVE_INFINITY);
let requests = 0;

/** How late a timer was at most in each of the last two seconds, in milliseconds. */
const lateness = [0, 0];
let lastTick = performance.now();
let ticks = 0;
setInterval(() => {
  const now = performance.now();
  if (++ticks % 20 === 0) lateness.unshift(0);
  lateness.length = 2;
  lateness[0] = Math.max(lateness[0], now - lastTick - 50);
  lastTick = now;
}, 50).unref();

const ends = {
  "/exit": () => process.exit(3),
  "/throw": () => {
    throw new Error("on purpose");
  },
  "/loop": () => {
    for (;;);
  },
};

export default (request, response) => {
  const end = ends[request.url];
  if (end !== undefined) {
    response.end(`${process.pid}`);
    setTimeout(end, 5);
    return;
  }
  if (++requests % lossEach !== 0) served.inc({ route: request.url });
  seconds.observe(0.005);
  response.end(`${process.pid} ${Date.now()} ${Math.ceil(Math.max(...lateness, performance.now() - lastTick - 50))}`);
};
