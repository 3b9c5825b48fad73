import type { MetricFamily } from "../model/family.ts";

/** Its constructor returns the object that it is given, so that the fields of a derived class come upon that. */
const Given = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what it is for.
    return object;
  }
} as new (
  object: object,
) => object;

/**
 * The line that a family began at, in a private field of the family itself, where nobody else sees it. Where families are
 * many and small, a `WeakMap` of them costs more to fill, and more again of the garbage collector's time.
 */
class FamilyLine extends Given {
  readonly #line: number;

  constructor(family: MetricFamily, line: number) {
    super(family);
    this.#line = line;
  }

  static of(family: MetricFamily): number | undefined {
    return #line in family ? (family as unknown as FamilyLine).#line : undefined;
  }
}

/** The line, from 1, that a family began at in the text that it was read from; `undefined` for any other family. */
export function lineOf(family: MetricFamily): number | undefined {
  return FamilyLine.of(family);
}

/** Keeps the line of a family that was read. */
export function noteLine(family: MetricFamily, line: number): MetricFamily {
  new FamilyLine(family, line);
  return family;
}
