// A reporter for node:test that prints the path of each test file of which a test was run, one a line, and tells on
// standard error at the end which tests and suites had begun and did not end: those in which a process hung until its time
// was up, or died, for the runner itself then names the process alone.
// A file that holds no test is reported by the runner as one test that bears the file's own path: that one doesn't count,
// and neither does a suite, unless it is skipped as a whole and says why.
import { relative, resolve } from "node:path";

const ends = ["test:pass", "test:fail"];

export default async function* ranFiles(events) {
  const seen = new Set();
  const running = new Map();
  for await (const { type, data } of events) {
    if (type !== "test:dequeue" && !ends.includes(type)) continue;
    if (data.file === undefined || resolve(data.name) === data.file) continue;
    const path = relative(process.cwd(), data.file);
    const test = `"${data.name}" of ${path}`;
    if (type === "test:dequeue") {
      running.set(test, (running.get(test) ?? 0) + 1);
      continue;
    }
    running.set(test, running.get(test) - 1);
    if (seen.has(path) || (data.details.type === "suite" && data.skip === undefined)) continue;
    seen.add(path);
    yield `${path}\n`;
  }
  for (const [test, count] of running) if (count > 0) console.error(`Not finished: ${test}`);
}
