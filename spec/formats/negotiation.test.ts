import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  formatNamed,
  negotiateFormat,
  OPENMETRICS_CONTENT_TYPE,
  PROMETHEUS_CONTENT_TYPE,
} from "../../lib/formats/negotiation.ts";
import { Random } from "../judges/random.ts";
import { expose, numbers } from "./families.ts";

const options = { created: false };
const preferred = formatNamed(PROMETHEUS_CONTENT_TYPE, options);
const openMetricsPreferred = formatNamed(OPENMETRICS_CONTENT_TYPE, options);
assert.ok(preferred && openMetricsPreferred);

const negotiated = (accept: string | null | undefined, choice = preferred) =>
  negotiateFormat(accept, choice, options).contentType;

const text = (escaping: string) => `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`;
const text1 = (escaping: string) => `text/plain; version=1.0.0; charset=utf-8; escaping=${escaping}`;
const openMetrics = (escaping: string) => `${OPENMETRICS_CONTENT_TYPE}; escaping=${escaping}`;

const protobuf = (escaping: string) =>
  `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=${escaping}`;

// biome-ignore format: a table
/** What the versions of Prometheus send, in their several settings, and what each of them wishes most. */
const scrapers: readonly (readonly [who: string, accept: string, contentType: string])[] = [
  ["2.5", "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", text("underscores")],
  ["2.42", "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", openMetrics("underscores")],
  ["2.49 to 2.55", "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics("underscores")],
  ["2.49 to 2.55 with text first", "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,*/*;q=0.2", text("underscores")],
  ["3.0 to 3.2", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;escaping=allow-utf-8;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;q=0.2", openMetrics("allow-utf-8")],
  ["3.0 to 3.2, text 1.0.0 forced", "text/plain;version=1.0.0;escaping=allow-utf-8;escaping=allow-utf-8;q=0.3,*/*;q=0.2", text1("allow-utf-8")],
  ["3.0 to 3.3, text 0.0.4 forced", "text/plain;version=0.0.4;escaping=allow-utf-8;q=0.3,*/*;escaping=allow-utf-8;q=0.2", text("allow-utf-8")],
  ["3.4 and later", "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics("allow-utf-8")],
  ["3.4 and later, text 1.0.0 first", "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.2", text1("allow-utf-8")],
  ["3.4 and later, text 0.0.4 forced", "text/plain;version=0.0.4;q=0.3,*/*;q=0.2", text("underscores")],
  ["3.4 and later, OpenMetrics 0.0.1 forced", "application/openmetrics-text;version=0.0.1;q=0.5,*/*;q=0.2", PROMETHEUS_CONTENT_TYPE],
  ["3.4 and later with underscores", "application/openmetrics-text;version=1.0.0;escaping=underscores;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=underscores;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics("underscores")],
  ["3.4 and later with values", "application/openmetrics-text;version=1.0.0;escaping=values;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", openMetrics("values")],
  ["3.4 and later with dots", "text/plain;version=1.0.0;escaping=dots;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", text1("dots")],
  ["2.42 with native histograms", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", protobuf("underscores")],
  ["2.49 to 2.55 with native histograms", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,application/openmetrics-text;version=1.0.0;q=0.4,application/openmetrics-text;version=0.0.1;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", protobuf("underscores")],
  ["3.4 and later with native histograms", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", protobuf("underscores")],
  ["others of the family", "text/plain;version=0.0.4;q=1,*/*;q=0.1", text("underscores")],
];

describe("negotiateFormat", () => {
  for (const [who, accept, contentType] of scrapers) {
    it(`gives Prometheus ${who} what it wishes most`, () => {
      assert.equal(negotiated(accept), contentType);
    });
  }

  it("gives the format of choice to who says nothing, or takes anything", () => {
    // biome-ignore format: a list
    for (const accept of [null, undefined, "", "*/*", "*/*;q=0.1", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json, */*"]) {
      assert.equal(negotiated(accept), PROMETHEUS_CONTENT_TYPE);
      assert.equal(negotiated(accept, openMetricsPreferred), OPENMETRICS_CONTENT_TYPE);
    }
    assert.equal(negotiateFormat("*/*", preferred, options), preferred);
  });

  it("gives text 0.0.4 to who wishes nothing that there is", () => {
    // biome-ignore format: a list
    for (const accept of ["application/json", "text/html", "text/plain;version=9", "application/openmetrics-text;version=0.0.1", "*/*;q=0", "text/plain;q=0"]) {
      assert.equal(negotiated(accept, openMetricsPreferred), PROMETHEUS_CONTENT_TYPE, accept);
    }
  });

  // biome-ignore format: a table
  const rules: readonly (readonly [rule: string, accept: string, contentType: string])[] = [
    ["no version of text is 0.0.4", "text/plain", text("underscores")],
    ["no version of OpenMetrics is 1.0.0", "application/openmetrics-text", openMetrics("underscores")],
    ["the larger weight counts, not the place", "text/plain;q=0.4,application/openmetrics-text;q=0.5", openMetrics("underscores")],
    ["of equal weights the first counts", "application/openmetrics-text,text/plain", openMetrics("underscores")],
    ["unless a later one says more", "text/plain,application/openmetrics-text;version=1.0.0", openMetrics("underscores")],
    ["a weight of zero is a refusal", "text/plain;q=0,*/*;q=0.1", openMetrics("underscores")],
    ["a refusal of all versions is one of each", "text/plain;q=0,application/openmetrics-text;q=0.1,*/*;q=0.5", protobuf("underscores")],
    ["unless one is wished by its name", "text/plain;q=0,text/plain;version=1.0.0;q=0.2,application/openmetrics-text;q=0.1", text1("underscores")],
    ["a refusal of one version is none of the other", "text/plain;version=0.0.4;q=0,text/plain;version=1.0.0;q=0.2", text1("underscores")],
    ["what is said of the type itself beats what is said of all", "text/plain;q=0.1,application/openmetrics-text;q=0.2,*/*;q=0.9", text1("underscores")],
    ["a range of types will do", "text/*", PROMETHEUS_CONTENT_TYPE],
    ["so it will for the other type", "application/*", openMetrics("underscores")],
    ["the escaping is that of the clause that counts", "text/plain;version=0.0.4;escaping=values;q=0.2,application/openmetrics-text;q=0.9", openMetrics("underscores")],
    ["and no other clause's", "application/openmetrics-text;version=0.0.1;escaping=dots,text/plain;version=0.0.4;q=0.5", text("underscores")],
    ["what is no escaping is none", "text/plain;escaping=<script>", text("underscores")],
    ["other parameters do not matter", "text/plain; charset=latin1; foo=bar; version=0.0.4", text("underscores")],
    ["quotes do not either", 'application/openmetrics-text; version="1.0.0"; escaping="allow-utf-8"', openMetrics("allow-utf-8")],
    ["case does not in what is a word of HTTP", "APPLICATION/OpenMetrics-Text;VERSION=1.0.0", openMetrics("underscores")],
    ["malformed clauses are passed over", ";;q,=,text/,/plain, application/openmetrics-text;;q=1", openMetrics("underscores")],
  ];
  for (const [rule, accept, contentType] of rules) {
    it(`knows that ${rule}`, () => assert.equal(negotiated(accept), contentType));
  }

  it("answers whatever it is sent, with nothing of it", () => {
    const random = new Random(3);
    const known = new Set<string>();
    for (const scheme of ["allow-utf-8", "underscores", "dots", "values"]) {
      for (const of of [text, text1, openMetrics, protobuf]) known.add(of(scheme));
    }
    known.add(PROMETHEUS_CONTENT_TYPE);
    const pieces = [
      ...[
        "application/vnd.google.protobuf;encoding=delimited",
        ";proto=io.prometheus.client.MetricFamily",
        "text/plain",
        "application/openmetrics-text",
        "*/*",
        "text/*",
        ";version=",
        "1.0.0",
        "0.0.4",
        ";q=",
        "0.5",
        "1",
        ",",
      ],
      ...[";escaping=", "values", "allow-utf-8", '"', "\\", "\r\nX: y", "\0", "é", "\ud83d", "<b>", "=", ";", " "],
    ];
    for (let i = 0; i < 20_000; i++) {
      const accept = Array.from({ length: random.below(25) }, () => random.pick(pieces)).join("");
      assert.ok(known.has(negotiated(accept)), accept);
    }
    for (const huge of [
      "text/plain,".repeat(100_000),
      "a".repeat(10_000_000),
      ";".repeat(1_000_000),
      '"'.repeat(999_999),
    ]) {
      assert.equal(negotiated(huge), PROMETHEUS_CONTENT_TYPE);
    }
  });

  it("gives the same format for the same wish, which then knows its way", () => {
    const wish = "application/openmetrics-text;escaping=values";
    assert.equal(negotiateFormat(wish, preferred, options), negotiateFormat(wish, preferred, options));
    assert.notEqual(negotiateFormat(wish, preferred, options), negotiateFormat(wish, preferred, { created: true }));
  });

  it("gives formats that write what their names say", () => {
    const written = (accept: string) => {
      const gauge = numbers("gauge", "a.b").set({}, 1);
      return expose([gauge.scraped()], { format: negotiateFormat(accept, preferred, options) });
    };
    const block = (name: string, line: string) => `# HELP ${name} Help.\n# TYPE ${name} gauge\n${line} 1\n`;
    assert.equal(written("text/plain"), block("a_b", "a_b"));
    assert.equal(written("text/plain;escaping=values"), block("U__a_2e_b", "U__a_2e_b"));
    assert.equal(written("text/plain;version=1.0.0;escaping=allow-utf-8"), block('"a.b"', '{"a.b"}'));
    assert.equal(written("text/plain;version=0.0.4;escaping=dots"), block("a_dot_b", "a_dot_b"));
    assert.equal(
      written("application/openmetrics-text;escaping=allow-utf-8"),
      '# TYPE "a.b" gauge\n# HELP "a.b" Help.\n{"a.b"} 1\n# EOF\n',
    );
  });
});

describe("formatNamed", () => {
  it("finds what can be written, with the escaping that is named", () => {
    for (const contentType of [
      PROMETHEUS_CONTENT_TYPE,
      OPENMETRICS_CONTENT_TYPE,
      text("values"),
      openMetrics("allow-utf-8"),
    ]) {
      assert.equal(formatNamed(contentType, options)?.contentType, contentType);
    }
    assert.equal(
      formatNamed("text/plain; version=1.0.0", options)?.contentType,
      "text/plain; version=1.0.0; charset=utf-8",
    );
  });

  it("finds nothing else", () => {
    // biome-ignore format: a list
    for (const contentType of ["", "*/*", "text/html", "text/plain;version=2", "text/plain,text/plain", "text/plain;escaping=x"]) {
      assert.equal(formatNamed(contentType, options), undefined, contentType);
    }
  });
});
