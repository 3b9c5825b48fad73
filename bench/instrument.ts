// What measuring HTTP adds to a request: the listeners of instrumentHttp, called as Node.js calls them, beside listeners
// that do nothing. How servers fare with it under load, and with its peers, is told by instrument-load.ts.
import { channel } from "node:diagnostics_channel";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Case, Settings } from "./case.ts";
import { ours } from "./contenders.ts";

const start = channel("http.server.request.start");
const finish = channel("http.server.response.finish");

interface Instrumenting {
  instrumentHttp(options: { readonly register: unknown }): { stop(): void };
  setHttpRoute(request: object, route: string): void;
  readonly Registry: new () => { metrics(): Promise<string> };
}

const headers = [
  "Host",
  "a",
  "User-Agent",
  "wrk",
  "Accept",
  "*/*",
  "Accept-Encoding",
  "gzip",
  "Connection",
  "keep-alive",
];

/** Requests that were answered already, each on a connection of its own. */
function exchanges(client: Instrumenting, count: number): object[] {
  return Array.from({ length: count }, (_, i) => {
    const socket = new Socket();
    const request = new IncomingMessage(socket);
    const path = `/users/:id/${i % 10}`;
    Object.assign(request, {
      method: i % 4 === 2 ? "POST" : "GET",
      url: path,
      httpVersion: "1.1",
      rawHeaders: headers,
    });
    const response = new ServerResponse(request);
    Object.assign(response, { _header: "HTTP/1.1 200 OK\r\n", _contentLength: 12 });
    client.setHttpRoute(request, path);
    return { request, response, socket };
  });
}

export function cases({ quick }: Settings): readonly Case[] {
  return [
    {
      type: "lone",
      name: "instrument/request",
      title: "what instrumentHttp() adds to a request, in processor time",
      unit: "ns",
      contenders: [ours, "limit"],
      processes: quick ? 1 : 5,
      limitTitle: "listeners that do nothing",
      targets: [{ type: "beyond", of: "limit", by: 1000 }],
      async measure({ client: loaded }, name) {
        const client = loaded as unknown as Instrumenting;
        const registry = new client.Registry();
        if (name === ours) client.instrumentHttp({ register: registry });
        else for (const one of [start, finish]) one.subscribe(() => {});
        const messages = exchanges(client, 1000);
        const run = (times: number) => {
          for (let i = 0; i < times; i++) {
            for (const message of messages) {
              start.publish(message);
              finish.publish(message);
            }
          }
        };
        const [warmUp, times] = quick ? [20, 20] : [300, 300];
        run(warmUp);
        // Not by the clock: what else the machine does is nobody's cost here.
        const before = process.cpuUsage();
        run(times);
        const { user, system } = process.cpuUsage(before);
        const counted = [
          ...(await registry.metrics()).matchAll(/^http_server_request_duration_seconds_count\{.* (\d+)$/gm),
        ];
        const total = counted.reduce((sum, [, count]) => sum + Number(count), 0);
        if (name === ours && total !== (warmUp + times) * messages.length) throw new Error(`It counted ${total}.`);
        return [((user + system) * 1000) / (times * messages.length)];
      },
    },
  ];
}
