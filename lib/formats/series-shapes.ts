// Makes the objects that expositions consist of by the thousand.
//
// By constructors and not by literals, though what comes out is the same: plain data. Once V8 has seen most objects of
// a literal survive, it puts them among the old ones at once, where each reference to a younger object costs extra; and all
// literals with the same names share one shape, so that one number with a fraction, anywhere in the program, makes all of
// them keep integers in boxes too. Here the shapes are our own, and each has seen first what is no number, for which V8
// keeps integers unboxed ever after, and lets other numbers share a box.
import type { Bucket, HistogramSeries, LabelSet, MetricFamily, MetricType, NumberSeries } from "../model/family.ts";

type Maker<Arguments extends readonly unknown[], Made> = new (...args: Arguments) => Made;

/** Objects of each shape: V8 forgets a shape, and what it knew of it, when there are none. */
const kept: object[] = [];

/** Makes a constructor's objects as plain as those of literals, of a shape whose fields don't box integers. */
function plainShape<Shape>(make: (...args: never[]) => void, fields: number): Shape {
  make.prototype = Object.prototype;
  const shape = make as unknown as Maker<unknown[], object>;
  kept.push(new shape(...new Array(fields).fill("")), new shape(...new Array(fields).fill(0)));
  return make as Shape;
}

const BucketShape: Maker<[bound: number, count: number], Bucket> = plainShape(function (
  this: { bound: number; count: number },
  bound: number,
  count: number,
) {
  this.bound = bound;
  this.count = count;
}, 2);

const NumberShape: Maker<[labels: LabelSet, value: number], NumberSeries> = plainShape(function (
  this: { labels: LabelSet; value: number },
  labels: LabelSet,
  value: number,
) {
  this.labels = labels;
  this.value = value;
}, 2);

const HistogramShape: Maker<
  [labels: LabelSet, count: number, buckets: readonly Bucket[], sum: number],
  HistogramSeries
> = plainShape(function (
  this: { labels: LabelSet; count: number; buckets: readonly Bucket[]; sum: number },
  labels: LabelSet,
  count: number,
  buckets: readonly Bucket[],
  sum: number,
) {
  this.labels = labels;
  this.count = count;
  this.buckets = buckets;
  this.sum = sum;
}, 4);

/** The bucket `{ bound, count }`. */
export function makeBucket(bound: number, count: number): Bucket {
  return new BucketShape(bound, count);
}

/** The series `{ labels, value }`. */
export function makeNumberSeries(labels: LabelSet, value: number): NumberSeries {
  return new NumberShape(labels, value);
}

/** The series `{ labels, count, buckets, sum }`. */
export function makeHistogramSeries(
  labels: LabelSet,
  count: number,
  buckets: readonly Bucket[],
  sum: number,
): HistogramSeries {
  return new HistogramShape(labels, count, buckets, sum);
}

const FamilyShape: Maker<[name: string, type: MetricType, help: string, series: readonly unknown[]], MetricFamily> =
  plainShape(function (
    this: { name: string; type: MetricType; help: string; series: readonly unknown[] },
    name: string,
    type: MetricType,
    help: string,
    series: readonly unknown[],
  ) {
    this.name = name;
    this.type = type;
    this.help = help;
    this.series = series;
  }, 4);

/** The family `{ name, type, help, series }`. */
export function makeFamily(name: string, type: MetricType, help: string, series: readonly unknown[]): MetricFamily {
  return new FamilyShape(name, type, help, series);
}
