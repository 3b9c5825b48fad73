// The library as Node.js programs import it.
import "./multiprocess/install.ts";

export * from "./core.ts";
// Programs import prom-client as a whole, too: `import client from "prom-client"`.
export * as default from "./index.ts";
export { httpRoute, type RouteHook, setHttpRoute } from "./instrument/http-route.ts";
export { type HttpInstrumentation, type InstrumentHttpOptions, instrumentHttp } from "./instrument/instrument-http.ts";
export { countErrors, measure, trackInProgress } from "./instrument/measure.ts";
export {
  AggregatorRegistry,
  type AggregatorRegistryOptions,
  ClusterRegistry,
} from "./multiprocess/aggregator-registry.ts";
export { type ReportOptions, type Reports, reportTo } from "./multiprocess/socket-reports.ts";
export { WorkerRegistry } from "./multiprocess/worker-registry.ts";
export type { AlertThresholds, ProvisionOptions, ScrapeCredentials, Slo } from "./provision/options.ts";
export { type Provisioned, provision } from "./provision/provision.ts";
export type { CollectorName } from "./runtime/collectors.ts";
export {
  type CollectDefaultMetrics,
  type Convention,
  collectDefaultMetrics,
  type DefaultMetrics,
  type DefaultMetricsOptions,
  type DefaultMetricsOptions as DefaultMetricsCollectorConfiguration,
} from "./runtime/default-metrics.ts";
export { type MetricsHandler, metricsHandler } from "./transports/handler.ts";
export { PushError } from "./transports/push-error.ts";
export {
  type PushAnswer,
  Pushgateway,
  type PushgatewayOptions,
  type PushParameters,
} from "./transports/pushgateway.ts";
export {
  type CloseOptions,
  type MetricsServer,
  type MetricsServerOptions,
  startMetricsServer,
} from "./transports/server.ts";
export { StartError } from "./transports/start-error.ts";
