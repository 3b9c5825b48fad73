// The one module with a side effect: in a worker thread it has metrics keep their numbers where the main thread can read
// them, and in the main thread it has the default registry expose those of all threads.
import { isMainThread } from "node:worker_threads";
import { register } from "../registry/default-registry.ts";
import { Registry } from "../registry/registry.ts";
import { joinThreads } from "./thread-discovery.ts";
import { shareMetrics } from "./thread-sharing.ts";

if (!isMainThread) shareMetrics(register);
// Where another copy of the library has made the default registry, that copy sees to it.
else if (register instanceof Registry) joinThreads(register);
