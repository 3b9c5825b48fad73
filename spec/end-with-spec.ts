// Programs that a spec has started end with it, also when the runner ends it because its time is up.
import type { ChildProcess } from "node:child_process";

const children = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});
// Of itself, a signal would end the process without that.
process.once("SIGTERM", () => process.exit(143));

/** Has a child process end with this one, at the latest. */
export function endWithSpec<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}
