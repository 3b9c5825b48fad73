// The library as Node.js programs import it.
import "./multiprocess/install.ts";

export * from "./core.ts";
export { WorkerRegistry } from "./multiprocess/worker-registry.ts";
export { type MetricsHandler, metricsHandler } from "./transports/handler.ts";
export {
  type CloseOptions,
  type MetricsServer,
  type MetricsServerOptions,
  startMetricsServer,
} from "./transports/server.ts";
export { StartError } from "./transports/start-error.ts";
