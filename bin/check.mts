// bin/check: check-program.mts on the streams of this process.
import { basename } from "node:path";
import { runCheck } from "./check-program.mts";

// A reader such as `head` may have seen enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const program = basename(process.argv[1] ?? "check").replace(/\.m[jt]s$/, "");
process.exitCode = await runCheck(process.argv.slice(2), {
  stdin: process.stdin,
  print: (text) => process.stdout.write(text),
  tell: (line) => process.stderr.write(`${program}: ${line}\n`),
});
