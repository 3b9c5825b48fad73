// A process that asks a server again and again: node load.ts PORT. Asked over IPC, it tells how long the slowest answer took
// since it was last asked, in milliseconds.
import { Agent, get } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const port = Number(process.argv[2]);
let slowestMs = 0;

function ask(): void {
  const start = performance.now();
  get({ host: "127.0.0.1", port, agent }, (response) => {
    response.resume();
    response.once("end", () => {
      slowestMs = Math.max(slowestMs, performance.now() - start);
      ask();
    });
  }).once("error", (error) => {
    throw error;
  });
}

process.on("message", () => {
  process.send?.(slowestMs);
  slowestMs = 0;
});
process.once("disconnect", () => process.exit());
ask();
