// bin/provision: provision-program.mts on the streams of this process.
import { basename } from "node:path";
import { runProvision } from "./provision-program.mts";

const program = basename(process.argv[1] ?? "provision").replace(/\.m[jt]s$/, "");
const exitCode = await runProvision(process.argv.slice(2), {
  folder: process.cwd(),
  print: (text) => process.stdout.write(text),
  tell: (line) => process.stderr.write(`${program}: ${line}\n`),
});
// Not left to the end of the event loop: a module that was loaded may have started something.
process.exit(exitCode);
