// The server that http.ts puts under load: node http-server.ts CONTENDER SERIES. It sends its port to its parent.
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry, StreamingRegistry } from "./client.ts";
import { type ContenderName, loadContender } from "./contenders.ts";
import { fill } from "./states.ts";
import { requests } from "./traffic.ts";

type Handler = (response: ServerResponse) => void;

async function sendChunks(registry: StreamingRegistry, response: ServerResponse): Promise<void> {
  for await (const { bytes, release } of registry.chunks()) {
    if (!response.write(bytes, () => release())) await once(response, "drain");
  }
  response.end();
}

async function sendMetrics(registry: Registry, streams: boolean, response: ServerResponse): Promise<void> {
  if (streams) await sendChunks(registry as StreamingRegistry, response);
  else response.end(await registry.metrics());
}

/** Without metrics for "limit": the same answer, and an exposition of nothing. */
async function handlers(name: ContenderName, series: number): Promise<{ serve: Handler; expose: Handler }> {
  if (name === "limit") return { serve: (response) => response.end("ok\n"), expose: (response) => response.end("\n") };
  const contender = await loadContender(name);
  const { client } = contender;
  const { registry } = fill(contender, "integers", series);
  const labelNames = ["method", "route", "status"];
  const answered = new client.Counter({ name: "answers_total", help: "Answers.", labelNames, registers: [registry] });
  const waits = new client.Histogram({
    name: "answer_seconds",
    help: "Time to answer.",
    labelNames,
    registers: [registry],
  });
  const { method, route, status } = requests();
  let at = 0;
  return {
    serve(response) {
      const start = performance.now();
      const i = at++ & (method.length - 1);
      response.end("ok\n");
      const labels = { method: method[i] as string, route: route[i] as string, status: status[i] as number };
      answered.inc(labels);
      waits.observe(labels, (performance.now() - start) / 1000);
    },
    expose(response) {
      void sendMetrics(registry, contender.streams, response);
    },
  };
}

const [name, series] = process.argv.slice(2) as [ContenderName, string];
const { serve, expose } = await handlers(name, Number(series));
const server = createServer(({ url }, response) => (url === "/metrics" ? expose(response) : serve(response)));
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
