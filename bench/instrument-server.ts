// The server that instrument-load.ts puts under load: node instrument-server.ts APP MEASURING. It sends its port to its
// parent, and tells it, whenever asked, how many requests it got and how much processor time it used, in microseconds.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { loadContender, ours } from "./contenders.ts";

const require = createRequire(import.meta.url);
const [app, measuring] = process.argv.slice(2) as [string, string];

if (measuring.startsWith("tallystick")) {
  const { instrumentHttp } = (await loadContender(ours)).client as unknown as { instrumentHttp(options: object): void };
  instrumentHttp({ exemplars: measuring === "tallystick with exemplars" });
}
if (measuring === "@opentelemetry/instrumentation-http") {
  const { HttpInstrumentation } = require(measuring);
  const { MeterProvider } = require("@opentelemetry/sdk-metrics");
  const { PrometheusExporter } = require("@opentelemetry/exporter-prometheus");
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const instrumentation = new HttpInstrumentation();
  instrumentation.setMeterProvider(new MeterProvider({ readers: [exporter] }));
}
// After the others, which replace functions of it as it is loaded.
const http = require("node:http");

let requests = 0;
async function listener(): Promise<RequestListener> {
  if (app === "express") {
    const express = require("express");
    const made = express();
    if (measuring === "express-prom-bundle") made.use(require(measuring)({ includeMethod: true, includePath: true }));
    made.get("/users/:id", (_: IncomingMessage, response: ServerResponse) => response.end("hello"));
    return made;
  }
  const made = require("fastify")();
  if (measuring === "fastify-metrics") await made.register(require(measuring).default ?? require(measuring));
  made.get("/users/:id", async () => "hello");
  await made.ready();
  return made.routing;
}

const answer = await listener();
const server = http.createServer((request: IncomingMessage, response: ServerResponse) => {
  requests++;
  answer(request, response);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ requests, micros: user + system });
});
