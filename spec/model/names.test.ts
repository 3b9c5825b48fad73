import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MetricType } from "../../lib/model/family.ts";
import {
  checkConstantLabelNames,
  checkLabelName,
  checkLabelNames,
  checkMetricName,
  describeMetric,
  isLegacyLabelName,
  isLegacyMetricName,
  isUtf8Name,
  occupiedNames,
} from "../../lib/model/names.ts";

const types: readonly MetricType[] = [
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
  "unknown",
];

describe("isLegacyMetricName and isLegacyLabelName", () => {
  const cases: readonly [name: string, isMetricName: boolean, isLabelName: boolean, why: string][] = [
    ["http_requests_total", true, true, "letters and underscores"],
    ["_", true, true, "an underscore alone"],
    ["a1", true, true, "digits after the first place"],
    ["1a", false, false, "a digit first"],
    ["job:rate:sum", true, false, "colons, which name the results of rules"],
    [":", true, false, "a colon alone"],
    ["", false, false, "nothing"],
    ["a-b", false, false, "a hyphen"],
    ["a b", false, false, "a blank"],
    ["a\n", false, false, "a newline at the end"],
    ["é", false, false, "a letter beyond ASCII"],
    ["__proto__", true, true, "a name of JavaScript's own"],
    ["constructor", true, true, "another of them"],
  ];
  for (const [name, isMetricName, isLabelName, why] of cases) {
    it(`judges ${JSON.stringify(name)}: ${why}`, () => {
      assert.equal(isLegacyMetricName(name), isMetricName);
      assert.equal(isLegacyLabelName(name), isLabelName);
    });
  }
});

describe("isUtf8Name", () => {
  it("takes any text that UTF-8 can encode, but not nothing", () => {
    for (const name of ["a", "http.status", "1", "\n", '"', "花火", "😱"]) assert.equal(isUtf8Name(name), true);
    for (const name of ["", "\ud83d", "a\udc00b"]) assert.equal(isUtf8Name(name), false);
  });
});

describe("describeMetric", () => {
  it("says the type as a word and the name in quotes", () => {
    assert.deepEqual(
      types.map((type) => describeMetric(type, "a_b")),
      [
        'Counter "a_b"',
        'Gauge "a_b"',
        'Histogram "a_b"',
        'Gauge histogram "a_b"',
        'Summary "a_b"',
        'Info "a_b"',
        'State set "a_b"',
        'Unknown "a_b"',
      ],
    );
  });
});

describe("checkMetricName", () => {
  it("says where a name stops being valid", () => {
    const cases: readonly [name: string, message: string][] = [
      [
        "http-requests",
        'Metric name "http-requests" is not valid: "-" at position 4. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.',
      ],
      ["9lives", 'Metric name "9lives" is not valid: "9" at position 0. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.'],
      ["a\n", 'Metric name "a\\n" is not valid: "\\n" at position 1. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.'],
      ["a😱b", 'Metric name "a😱b" is not valid: "😱" at position 1. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.'],
      ["", "Metric name is empty. Names match [a-zA-Z_:][a-zA-Z0-9_:]*."],
    ];
    for (const [name, message] of cases) assert.throws(() => checkMetricName(name), new RangeError(message));
  });

  it("refuses what is no string", () => {
    const cases: readonly [name: unknown, got: string][] = [
      [undefined, "undefined"],
      [null, "null"],
      [7, "number"],
      [{}, "object"],
      [["a"], "object"],
    ];
    for (const [name, got] of cases) {
      assert.throws(() => checkMetricName(name), new TypeError(`Metric name must be a string, but got ${got}.`));
    }
  });

  it("takes any text that UTF-8 can encode, where that was asked for", () => {
    checkMetricName("http.requests / 花火", true);
    assert.throws(() => checkMetricName("", true), new RangeError("Metric name is empty."));
    assert.throws(
      () => checkMetricName("a\ud800", true),
      new RangeError('Metric name "a\\ud800" is not valid: it holds half a surrogate pair, which UTF-8 can\'t encode.'),
    );
  });
});

describe("checkLabelName", () => {
  it("refuses a colon, which only metric names may have", () => {
    assert.throws(
      () => checkLabelName("a:b"),
      new RangeError('Label name "a:b" is not valid: ":" at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
    );
  });

  it("refuses nothing and what is no string", () => {
    assert.throws(() => checkLabelName(""), new RangeError("Label name is empty. Names match [a-zA-Z_][a-zA-Z0-9_]*."));
    assert.throws(() => checkLabelName(1), new TypeError("Label name must be a string, but got number."));
  });
});

describe("checkLabelNames", () => {
  it("takes names of JavaScript's own, __proto__ included", () => {
    checkLabelNames("counter", "c", ["__proto__", "constructor", "toString", "hasOwnProperty"]);
  });

  it("refuses names that begin with two underscores", () => {
    for (const label of ["__name__", "__", "__meta_x"]) {
      assert.throws(
        () => checkLabelNames("counter", "c", ["a", label]),
        new RangeError(
          `Counter "c" can't have the label "${label}": names that begin with "__" are reserved by Prometheus.`,
        ),
      );
    }
  });

  it("refuses a name that is there twice", () => {
    assert.throws(
      () => checkLabelNames("gauge", "g", ["a", "b", "a"]),
      new RangeError('Gauge "g" can\'t have the label "a": it is declared twice.'),
    );
  });

  it("refuses the label that the type writes itself, and only that", () => {
    const refused: readonly [type: MetricType, label: string, message: string][] = [
      ["histogram", "le", 'Histogram "m" can\'t have the label "le": it names the bucket bounds.'],
      ["gaugehistogram", "le", 'Gauge histogram "m" can\'t have the label "le": it names the bucket bounds.'],
      ["summary", "quantile", 'Summary "m" can\'t have the label "quantile": it names the quantiles.'],
      ["stateset", "m", 'State set "m" can\'t have the label "m": it names the states.'],
    ];
    for (const type of types) {
      for (const label of ["le", "quantile", "m"]) {
        const message = refused.find(([ofType, ofLabel]) => ofType === type && ofLabel === label)?.[2];
        if (message === undefined) checkLabelNames(type, "m", [label]);
        else assert.throws(() => checkLabelNames(type, "m", [label]), new RangeError(message));
      }
    }
  });

  it("refuses an invalid name, unless it is text and that was asked for", () => {
    assert.throws(
      () => checkLabelNames("counter", "c", ["http.status"]),
      new RangeError('Label name "http.status" is not valid: "." at position 4. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
    );
    checkLabelNames("counter", "c", ["http.status"], true);
    assert.throws(
      () => checkLabelNames("counter", "c", [undefined], true),
      new TypeError("Label name must be a string, but got undefined."),
    );
  });
});

describe("checkConstantLabelNames", () => {
  it("refuses what no series can have", () => {
    checkConstantLabelNames(["a", "le", "__proto__"]);
    assert.throws(
      () => checkConstantLabelNames(["a", "b-c"]),
      new RangeError('Label name "b-c" is not valid: "-" at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
    );
    assert.throws(
      () => checkConstantLabelNames(["__name__"]),
      new RangeError('Label name "__name__" is not valid: names that begin with "__" are reserved by Prometheus.'),
    );
  });
});

describe("occupiedNames", () => {
  it("tells the names of a family's samples, and the family's own", () => {
    assert.deepEqual(Object.fromEntries(types.map((type) => [type, occupiedNames({ type, name: "m" })])), {
      counter: ["m"],
      gauge: ["m"],
      histogram: ["m", "m_bucket", "m_sum", "m_count"],
      gaugehistogram: ["m", "m_bucket", "m_gsum", "m_gcount"],
      summary: ["m", "m_sum", "m_count"],
      info: ["m"],
      stateset: ["m"],
      unknown: ["m"],
    });
  });
});
