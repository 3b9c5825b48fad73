// Batch jobs push to a real Pushgateway, and a real Prometheus scrapes that.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Counter, Histogram, PushError, Pushgateway, Registry, Summary } from "../../lib/index.ts";
import { eventually, freePort, missing, programPath, Servers, until } from "./harness.ts";

/** What the gateway tells of one family of a group. */
interface ToldFamily {
  readonly type: string;
  readonly metrics: readonly { readonly labels: Record<string, string>; readonly value?: string }[];
}

describe("Pushgateway beside a real one", { skip: missing("prometheus-pushgateway", "prometheus") }, () => {
  const servers = new Servers();
  let url = "";
  before(async () => {
    url = `http://127.0.0.1:${await freePort()}`;
    const flags = [`--web.listen-address=${new URL(url).host}`];
    const gateway = servers.start("gateway", programPath("prometheus-pushgateway"), flags);
    await gateway.ready(async () => ((await fetch(`${url}/-/ready`)).ok ? true : undefined));
  });
  after(() => servers.stop());

  /** The groups that the gateway holds. */
  async function groups(): Promise<(Record<string, unknown> & { readonly labels: Record<string, string> })[]> {
    return ((await (await fetch(`${url}/api/v1/metrics`)).json()) as { data: never[] }).data;
  }

  async function groupOf(job: string) {
    return (await groups()).find(({ labels }) => labels["job"] === job);
  }

  function counted(name: string, value: number): Registry {
    const registry = new Registry();
    new Counter({ name, help: "Rows.", labelNames: ["table"], registers: [registry] }).inc(
      { table: 'a"\\\n😀' },
      value,
    );
    return registry;
  }

  it("files a group by its job and labels, whatever they hold", async () => {
    const values = [
      "plain",
      "a/b",
      "",
      ".",
      "..",
      "/",
      "a b+c%2F",
      "😀",
      "line\nline",
      '"quoted\\"',
      "@base64",
      "a?b#c;d=e",
    ];
    for (const value of values) {
      const jobName = `j${value}`;
      await new Pushgateway(url, counted("rows_total", 1)).push({ jobName, groupings: { value } });
      const group = await groupOf(jobName);
      // An empty label is none to Prometheus, but names a group of its own.
      assert.deepEqual(group?.labels, { job: jobName, value }, JSON.stringify(value));
      const { metrics } = group["rows_total"] as ToldFamily;
      assert.equal(metrics[0]?.value, "1");
      await new Pushgateway(url).delete({ jobName, groupings: { value } });
      assert.equal(await groupOf(jobName), undefined);
    }
  });

  it("replaces the group, adds to it, and deletes it", async () => {
    const group = { jobName: "backup", groupings: { instance: "db1" } };
    const names = async () =>
      Object.keys((await groupOf("backup")) ?? {}).filter((name) => name !== "labels" && !name.includes("push"));
    await new Pushgateway(url, counted("rows_total", 1)).push(group);
    await new Pushgateway(url, counted("files_total", 2)).pushAdd(group);
    assert.deepEqual((await names()).sort(), ["files_total", "rows_total"]);
    await new Pushgateway(url, counted("rows_total", 5)).push(group);
    assert.deepEqual(await names(), ["rows_total"]);
    await new Pushgateway(url).delete(group);
    assert.equal(await groupOf("backup"), undefined);
  });

  it("pushes every type, as text, as protobuf and compressed", async () => {
    const registry = counted("rows_total", 7);
    const wait = new Histogram({ name: "wait_seconds", help: "W.", native: { factor: 1.1 }, registers: [registry] });
    wait.observe(0.3);
    new Summary({ name: "size_bytes", help: "S.", percentiles: [0.5], registers: [registry] }).observe(4);
    for (const format of ["text", "protobuf"] as const) {
      for (const headers of [{}, { "Content-Encoding": "gzip" }]) {
        await new Pushgateway(url, { format, headers }, registry).push({ jobName: "types" });
        const group = (await groupOf("types")) as Record<string, unknown>;
        const types = ["rows_total", "wait_seconds", "size_bytes"].map((name) => (group[name] as ToldFamily).type);
        assert.deepEqual(types, ["COUNTER", "HISTOGRAM", "SUMMARY"]);
        await new Pushgateway(url).delete({ jobName: "types" });
      }
    }
  });

  it("tells why the gateway refuses", async () => {
    const registry = new Registry();
    registry.registerMetric({
      name: "timed",
      collect: () => [{ name: "timed", type: "gauge", help: "T.", series: [{ labels: {}, value: 1, timestampMs: 1 }] }],
    } as never);
    await assert.rejects(new Pushgateway(url, registry).push({ jobName: "refused" }), (error: Error) => {
      assert.ok(error instanceof PushError);
      assert.equal(error.status, 400);
      assert.match(error.answer, /timestamp/);
      return true;
    });
    assert.equal((await groupOf("refused"))?.["last_push_successful"], false);
  });

  it("is scraped by a Prometheus, under the labels of the group", async () => {
    await new Pushgateway(url, counted("rows_total", 42)).push({ jobName: "nightly", groupings: { instance: "db/1" } });
    const prometheus = await servers.prometheus({ gateway: `${url}/metrics` }, { honor_labels: true });
    await until("the push is scraped", () => prometheus.value('rows_total{job="nightly",instance="db/1"}'));
    await eventually(async () => {
      assert.equal(await prometheus.value('rows_total{job="nightly",table="a\\"\\\\\\n😀"}'), 42);
    });
  });
});
