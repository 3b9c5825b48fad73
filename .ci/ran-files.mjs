// A reporter for node:test that prints the path of each test file of which a test was run, one a line.
// A file that holds no test is reported by the runner as one test that bears the file's own path: that one doesn't count,
// and neither does a suite, unless it is skipped as a whole and says why.
import { relative, resolve } from "node:path";

export default async function* ranFiles(events) {
  const seen = new Set();
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.file === undefined || seen.has(data.file)) continue;
    if (resolve(data.name) === data.file) continue;
    if (data.details.type === "suite" && data.skip === undefined) continue;
    seen.add(data.file);
    yield `${relative(process.cwd(), data.file)}\n`;
  }
}
