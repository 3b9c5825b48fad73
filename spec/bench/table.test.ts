import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  figureTable,
  figureText,
  judge,
  markdownTable,
  quantityText,
  type Result,
  targetTable,
  verdicts,
} from "../../bench/table.ts";

const result: Result = {
  case: {
    name: "counter/kept-inc/1k",
    title: "kept series inc()",
    unit: "ns",
    limitTitle: "a plain class",
    targets: [
      { type: "faster", than: "@prometheus-io/client", times: 80 },
      { type: "within", of: "limit", times: 1.5 },
    ],
  },
  samples: { tallystick: [2, 2.5, 2], "@prometheus-io/client": [100, 100, 250], limit: [2, 2, 1] },
};

describe("figureText", () => {
  it("shows as many digits as mean something", () => {
    const texts = [0, -0.001, 0.126, 1.5, 12.34, 99.96, 123.4, 1234567].map(figureText);
    assert.deepEqual(texts, ["0.00", "0.00", "0.13", "1.50", "12.3", "100.0", "123", "1,234,567"]);
  });

  it("shows what was divided by nothing as infinite", () => {
    assert.equal(figureText(1 / 0), "∞");
  });
});

describe("quantityText", () => {
  it("picks the unit that suits the size", () => {
    assert.equal(quantityText(1.9, "ns"), "1.90 ns");
    assert.equal(quantityText(1500, "ns"), "1.50 µs");
    assert.equal(quantityText(2.5e6, "ns"), "2.50 ms");
    assert.equal(quantityText(0.25, "ms"), "250 µs");
    assert.equal(quantityText(31.4, "ms"), "31.4 ms");
    assert.equal(quantityText(1300, "ms"), "1.30 s");
    assert.equal(quantityText(271, "bytes"), "271 B");
    assert.equal(quantityText(65_536, "bytes"), "65.5 kB");
    assert.equal(quantityText(88e6, "bytes"), "88.0 MB");
    assert.equal(quantityText(-155_108, "bytes"), "-155 kB");
    assert.equal(quantityText(37_458, "requests/s"), "37,458/s");
  });
});

describe("judge", () => {
  const samples = { tallystick: [10, 10, 10], "prom-client": [90, 100, 110], limit: [8, 10, 9] };

  it("asks that the other one takes at least so many times as much", () => {
    assert.deepEqual(judge({ type: "faster", than: "prom-client", times: 10 }, samples), {
      target: { type: "faster", than: "prom-client", times: 10 },
      figure: { median: 10, min: 9, max: 11 },
      met: true,
    });
    assert.equal(judge({ type: "faster", than: "prom-client", times: 10.1 }, samples)?.met, false);
  });

  it("asks that ours takes at most so many times as much", () => {
    assert.equal(judge({ type: "within", of: "limit", times: 1.2 }, samples)?.met, true);
    assert.equal(judge({ type: "within", of: "limit", times: 1.1 }, samples)?.met, false);
  });

  it("asks that ours exceeds the other one by at most so much", () => {
    assert.equal(judge({ type: "beyond", of: "limit", by: 1 }, samples)?.met, true);
    assert.equal(judge({ type: "beyond", of: "limit", by: 0.5 }, samples)?.met, false);
  });

  it("asks for a figure by itself", () => {
    assert.equal(judge({ type: "at most", value: 10 }, samples)?.met, true);
    assert.equal(judge({ type: "at most", value: 9.9 }, samples)?.met, false);
  });

  it("says nothing when one of the two was not measured", () => {
    assert.equal(judge({ type: "faster", than: "opentelemetry", times: 2 }, samples), undefined);
    assert.equal(judge({ type: "at most", value: 10 }, { limit: [1] }), undefined);
  });
});

describe("verdicts", () => {
  it("judges the targets of a case by the ratio of each round", () => {
    assert.deepEqual(
      verdicts(result).map(({ figure, met }) => ({ figure, met })),
      [
        { figure: { median: 50, min: 40, max: 125 }, met: false },
        { figure: { median: 1.25, min: 1, max: 2 }, met: true },
      ],
    );
  });
});

describe("markdownTable", () => {
  it("lines up its columns, text at the left and numbers at the right", () => {
    assert.equal(
      markdownTable(
        ["case", "ours"],
        [
          ["a/long/name", "1 ns"],
          ["b", "100 ns"],
        ],
        1,
      ),
      `| case        |   ours |
| ----------- | -----: |
| a/long/name |   1 ns |
| b           | 100 ns |`,
    );
  });
});

describe("targetTable", () => {
  it("has a row for each target, lost ones too", () => {
    assert.equal(
      targetTable([result]),
      `| case                | work              | against               | tallystick | the other |    median (min..max) | target |          |
| ------------------- | ----------------- | --------------------- | ---------: | --------: | -------------------: | -----: | -------: |
| counter/kept-inc/1k | kept series inc() | @prometheus-io/client |    2.00 ns |    100 ns |  50.0× (40.0×..125×) |  ≥ 80× | **lost** |
| counter/kept-inc/1k | kept series inc() | a plain class         |    2.00 ns |   2.00 ns | 1.25× (1.00×..2.00×) | ≤ 1.5× |      met |`,
    );
  });
});

describe("targetTable, of what ours exceeds another one by", () => {
  it("shows the difference with its sign, and none for what only the measuring left", () => {
    const allocation: Result = {
      case: {
        name: "allocation/inc",
        title: "inc",
        unit: "bytes",
        limitTitle: "the caller",
        targets: [{ type: "beyond", of: "limit", by: 0.5 }],
      },
      samples: { tallystick: [64, 48, 48.001], limit: [48, 48.002, 64] },
    };
    assert.equal(
      targetTable([allocation]),
      `| case           | work | against    | tallystick | the other |         median (min..max) |    target |     |
| -------------- | ---- | ---------- | ---------: | --------: | ------------------------: | --------: | --: |
| allocation/inc | inc  | the caller |     48.0 B |    48.0 B | 0.00 B (-16.0 B..+16.0 B) | ≤ +0.50 B | met |`,
    );
  });
});

describe("figureTable", () => {
  it("has a column for each contender, with how many times ours it took", () => {
    assert.equal(
      figureTable([result]),
      `| case                | tallystick | @prometheus-io/client | prom-client | opentelemetry | limit, ours to it |
| ------------------- | ---------: | --------------------: | ----------: | ------------: | ----------------: |
| counter/kept-inc/1k |    2.00 ns |          100 ns 50.0× |             |               |     2.00 ns 1.25× |`,
    );
  });

  it("makes no quotient of a throughput", () => {
    const throughput: Result = {
      case: { name: "http/throughput", title: "requests", unit: "requests/s" },
      samples: { tallystick: [30_000], limit: [31_000] },
    };
    assert.equal(
      figureTable([throughput]),
      `| case            | tallystick | @prometheus-io/client | prom-client | opentelemetry | limit, ours to it |
| --------------- | ---------: | --------------------: | ----------: | ------------: | ----------------: |
| http/throughput |   30,000/s |                       |             |               |          31,000/s |`,
    );
  });
});
