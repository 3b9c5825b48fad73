import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../lib/formats/parse.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { bytesField, doubleBytes, doubleField, integerField, textField, varint, zigzag } from "./naive-writers.ts";

const contentType =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores";

type Bytes = readonly number[];

function delimited(...messages: readonly Bytes[]): Uint8Array {
  return Uint8Array.from(messages.flatMap((message) => [...varint(message.length), ...message]));
}

/** A family named "f" of the type with this number, and one metric with these fields. */
function family(type: number, ...metric: readonly Bytes[]): Bytes {
  return [...textField(1, "f"), ...integerField(3, type), ...bytesField(4, ...metric)];
}

function histogram(...fields: readonly Bytes[]): MetricFamily["series"][number] | undefined {
  return parse(delimited(family(4, bytesField(7, ...fields))), contentType)[0]?.series[0];
}

describe("reading protobuf", () => {
  it("reads nothing from no bytes", () => {
    assert.deepEqual(parse(new Uint8Array(), contentType), []);
  });

  it("takes a field that is left out for zero", () => {
    assert.deepEqual(parse(delimited([...textField(1, "f"), ...bytesField(4, bytesField(3))]), contentType), [
      { name: "f", type: "counter", help: "", series: [{ labels: {}, value: 0 }] },
    ]);
  });

  it("reads the type behind the metrics, and goes over fields it doesn't know", () => {
    const message = [
      ...bytesField(4, bytesField(2, doubleField(1, 7), integerField(9, 1)), integerField(99, 2 ** 40)),
      ...bytesField(1000, [1, 2, 3]),
      ...varint(15 * 8 + 5),
      ...[1, 2, 3, 4],
      ...doubleField(16, 1),
      ...textField(1, "f"),
      ...integerField(3, 1),
    ];
    assert.deepEqual(parse(delimited(message), contentType), [
      { name: "f", type: "gauge", help: "", series: [{ labels: {}, value: 7 }] },
    ]);
  });

  it("reads integers of 64 bits, of either sign", () => {
    const summary = (count: bigint, timestamp: bigint) =>
      parse(delimited(family(2, bytesField(4, integerField(1, count)), integerField(6, timestamp))), contentType)[0]
        ?.series[0];
    assert.deepEqual(summary(2n ** 64n - 1n, -1n), { labels: {}, quantiles: [], count: 2 ** 64, timestampMs: -1 });
    assert.deepEqual(summary(2n ** 53n - 1n, -(2n ** 53n)), {
      labels: {},
      quantiles: [],
      count: 2 ** 53 - 1,
      timestampMs: -(2 ** 53),
    });
    assert.deepEqual(summary(300n, 1600000000255n), {
      labels: {},
      quantiles: [],
      count: 300,
      timestampMs: 1600000000255,
    });
  });

  it("reads native buckets by their spans, packed and not, and leaves out the empty ones", () => {
    const spans = bytesField(12, integerField(1, zigzag(-2)), integerField(2, 8));
    const deltas = [3, 2, -5, 0, 1, -1, 3, -1];
    const positive = [-2, -1, 2, 4, 5].map((key, i) => ({ key, count: [3, 5, 1, 3, 2][i] }));
    const expected = { schema: 3, zeroThreshold: 0.5, zeroCount: 2, positive, negative: [] };
    const head = [
      integerField(1, 16),
      doubleField(2, 4.5),
      integerField(5, zigzag(3)),
      doubleField(6, 0.5),
      integerField(7, 2),
    ];
    const unpacked = deltas.map((delta) => integerField(13, zigzag(delta)));
    const packed = bytesField(
      13,
      deltas.flatMap((delta) => varint(zigzag(delta))),
    );
    const series = { labels: {}, count: 16, sum: 4.5, buckets: [], native: expected };
    assert.deepEqual(histogram(...head, spans, ...unpacked), series);
    assert.deepEqual(histogram(...head, packed, spans), series);
  });

  it("reads a native histogram that counts in fractions", () => {
    const span = bytesField(9, integerField(2, 2));
    const counts = bytesField(11, doubleBytes(0.5), doubleBytes(2.5));
    assert.deepEqual(histogram(doubleField(4, 3.25), span, counts, doubleField(8, 0.25), integerField(1, 9)), {
      labels: {},
      count: 3.25,
      buckets: [],
      native: {
        schema: 0,
        zeroThreshold: 0,
        zeroCount: 0.25,
        positive: [],
        negative: [
          { key: 0, count: 0.5 },
          { key: 1, count: 2.5 },
        ],
      },
    });
  });

  it("tells an empty native histogram from a classic one by its span of nothing", () => {
    const native = { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: [], negative: [] };
    assert.deepEqual(histogram(bytesField(12)), { labels: {}, count: 0, buckets: [], native });
    assert.deepEqual(histogram(), { labels: {}, count: 0, buckets: [{ bound: Infinity, count: 0 }] });
  });

  it("adds the bucket +Inf that classic buckets may lack", () => {
    const bucket = bytesField(3, integerField(1, 2), doubleField(2, 0.5));
    const buckets = [
      { bound: 0.5, count: 2 },
      { bound: Infinity, count: 3 },
    ];
    assert.deepEqual(histogram(integerField(1, 3), bucket), { labels: {}, count: 3, buckets });
    const last = bytesField(3, integerField(1, 3), doubleField(2, Infinity));
    assert.deepEqual(histogram(integerField(1, 3), bucket, last), { labels: {}, count: 3, buckets });
  });

  const huge = [...Array(9).fill(0xff), 0x01];
  for (const [sentence, input, message] of [
    [
      "a length without its end",
      Uint8Array.of(0x80),
      "Byte 1: expected the length of a message, but found the end of the input.",
    ],
    [
      "a message that is cut off",
      Uint8Array.of(5, 1, 2),
      "Byte 3: expected a message of 5 bytes, but found the end of the input after 2.",
    ],
    [
      "a message of 2^64 bytes",
      Uint8Array.from(huge),
      "Byte 4: expected a message of at most 268435456 bytes, but found a longer one.",
    ],
    [
      "a length in eleven bytes",
      Uint8Array.from([...Array(10).fill(0x80), 0]),
      "Byte 10: expected a message of at most 268435456 bytes, but found a longer one.",
    ],
    [
      "a text of 2^64 bytes",
      delimited([0x0a, ...huge]),
      "Byte 2: expected at most 0 bytes, as the message around them has left, but found 18446744073709552000.",
    ],
    [
      "a text that outgrows its message",
      delimited([0x0a, 3, 65]),
      "Byte 2: expected at most 1 bytes, as the message around them has left, but found 3.",
    ],
    [
      "a varint that is cut off",
      delimited([0x18, 0x80]),
      "Byte 3: expected a whole varint, but found the end of the message.",
    ],
    [
      "a varint of more than 64 bits",
      delimited([0x18, ...Array(9).fill(0xff), 0x02]),
      "Byte 2: expected a varint of 64 bits, but found a longer one.",
    ],
    [
      "a double that is cut off",
      delimited(family(1, [0x12, 3, 0x09, 1, 2])),
      "Byte 13: expected 8 bytes, but found the end of the message.",
    ],
    ["a group", delimited([0x0b, 0x0c]), "Byte 1: expected a field, but found a group."],
    ["a field of number 0", delimited([0x00]), "Byte 1: expected the number of a field, but found 0."],
    ["a field of another kind", delimited([0x08, 1]), "Byte 2: expected bytes with a length, but found a varint."],
    [
      "a text that is no UTF-8",
      delimited([0x0a, 1, 0xff]),
      "Byte 3: expected a text in UTF-8, but found bytes that are none.",
    ],
    [
      "a family without a name",
      delimited(integerField(3, 1)),
      "Byte 3: expected the name of the family, but found none.",
    ],
    [
      "a type that there isn't",
      delimited(integerField(3, 6)),
      "Byte 2: expected a metric type from 0 to 5, but found 6.",
    ],
    ["a metric without a value", delimited(family(1)), "Byte 7: expected the value of a gauge, but found none."],
    [
      "a metric with a value of another type",
      delimited(family(1, bytesField(3))),
      "Byte 7: expected the value of a gauge, but found that of another type.",
    ],
    [
      "a label without a name",
      delimited(family(1, bytesField(1))),
      "Byte 9: expected the name of a label, but found none.",
    ],
    [
      "a label twice",
      delimited(family(1, bytesField(1, textField(1, "a")), bytesField(1, textField(1, "a")))),
      'Byte 14: expected each label once, but found "a" again.',
    ],
    [
      "a schema without exponential buckets",
      delimited(family(4, bytesField(7, integerField(5, zigzag(-53))))),
      "Byte 9: expected a schema from -4 to 8, but found -53.",
    ],
    [
      "a span over more than there is",
      delimited(family(4, bytesField(7, bytesField(12, integerField(2, 2n ** 32n - 1n))))),
      "Byte 9: expected spans that cover each native bucket, but found more or fewer.",
    ],
    [
      "buckets outside all spans",
      delimited(family(4, bytesField(7, integerField(13, 2)))),
      "Byte 9: expected spans that cover each native bucket, but found more or fewer.",
    ],
  ] as const) {
    it(`refuses ${sentence}`, () => {
      assert.throws(() => parse(input, contentType), { name: "ParseError", message });
    });
  }
});
