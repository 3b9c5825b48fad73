import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MetricFamily } from "../../lib/model/family.ts";
import { catalogueJson, catalogueMarkdown, withoutSeriesCounts } from "../../lib/provision/catalogue.ts";
import { inventoryOf } from "../../lib/provision/inventory.ts";
import { latency, native, quantiles, requests, users } from "./families.ts";

const inventory = inventoryOf([requests, latency, quantiles, users, native]);

describe("The catalogue", () => {
  it("lists every family with what it tells", () => {
    assert.equal(
      catalogueMarkdown(inventory, "my_app"),
      `# Metrics of my\\_app

| name | type | unit | labels | what it tells | series now |
| --- | --- | --- | --- | --- | --: |
| \`app_active_users\` | gauge |  |  | Users. | 1 |
| \`app_latency_seconds\` | histogram | seconds |  | How long requests took. | 1 |
| \`app_requests_total\` | counter |  | \`method\`, \`status\` | Requests. | 2 |
| \`app_sizes_bytes\` | native histogram | bytes |  | Sizes. | 1 |
| \`app_wait_seconds\` | summary | seconds |  | How long requests waited. | 1 |
`,
    );
  });

  it("lists them for programs, too", () => {
    assert.deepEqual(JSON.parse(catalogueJson(inventory)), [
      { name: "app_active_users", type: "gauge", labelNames: [], help: "Users.", seriesCount: 1 },
      {
        name: "app_latency_seconds",
        type: "histogram",
        unit: "seconds",
        labelNames: [],
        help: "How long requests took.",
        seriesCount: 1,
        bounds: [0.25, 1],
      },
      {
        name: "app_requests_total",
        type: "counter",
        labelNames: ["method", "status"],
        help: "Requests.",
        seriesCount: 2,
      },
      {
        name: "app_sizes_bytes",
        type: "histogram",
        unit: "bytes",
        labelNames: [],
        help: "Sizes.",
        seriesCount: 1,
        isNative: true,
      },
      {
        name: "app_wait_seconds",
        type: "summary",
        unit: "seconds",
        labelNames: [],
        help: "How long requests waited.",
        seriesCount: 1,
        quantiles: [0.5, 1],
      },
    ]);
  });

  it("shows hostile names and texts as nothing but text", () => {
    const hostile: MetricFamily = {
      name: "a|b`c",
      type: "gauge",
      help: "<script>\n| x | [l](javascript:1) *b* `c` &amp;",
      series: [{ labels: { "l|m": "v" }, value: 1 }],
    };
    assert.equal(
      catalogueMarkdown(inventoryOf([hostile]), "app").split("\n")[4],
      "| `` a\\|b`c `` | gauge |  | `l\\|m` | \\<script\\> \\| x \\| \\[l\\](javascript:1) \\*b\\* \\`c\\` \\&amp; | 1 |",
    );
  });

  it("is compared without the numbers of series", () => {
    const grown = inventoryOf([
      { ...requests, series: [...requests.series, { labels: { method: "PUT", status: "200" }, value: 1 }] },
      latency,
      quantiles,
      users,
      native,
    ]);
    for (const write of [(of: typeof inventory) => catalogueMarkdown(of, "app"), catalogueJson]) {
      assert.notEqual(write(grown), write(inventory));
      assert.equal(withoutSeriesCounts(write(grown)), withoutSeriesCounts(write(inventory)));
    }
  });
});
