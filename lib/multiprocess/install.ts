// The one module with a side effect: what has to be there before anybody counts. In a worker thread metrics keep their
// numbers where the main thread can read them. In the main thread the default registry exposes those of all threads, and
// the process reports to the one that started it, should that aggregate.
import { isMainThread } from "node:worker_threads";
import { register } from "../registry/default-registry.ts";
import { Registry } from "../registry/registry.ts";
import { reportToParent } from "./child-reports.ts";
import { joinThreads } from "./thread-discovery.ts";
import { shareMetrics } from "./thread-sharing.ts";

if (isMainThread) {
  // Where another copy of the library has made the default registry, that copy sees to it.
  if (register instanceof Registry) joinThreads(register);
  // In a thread of a child process even to look at the channel throws.
  reportToParent();
} else {
  shareMetrics(register);
}
