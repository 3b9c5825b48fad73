import type { LabelSet } from "../model/family.ts";
import { readLabelSet } from "../model/labels.ts";
import { checkLabelNames, describeMetric } from "../model/names.ts";
import { KeptSeries } from "../storage/kept-series.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { BaseMetric } from "./base-metric.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import type { MetricOptions } from "./options.ts";

/** How an info is declared. */
export interface InfoOptions<Name extends string> extends Omit<MetricOptions<Name>, "unit" | "series"> {
  /** As it is queried. It ends in `_info`. */
  readonly name: string;
}

/** What is told: any labels but those that the series is known by. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** One series of an info. */
export class InfoSeries extends KeptSeries {
  readonly #info: InfoMetric;

  /** @internal */
  constructor(table: SeriesTable, info: InfoMetric) {
    super(table);
    this.#info = info;
  }

  /**
   * Says what is so now, in place of what was said before. The object is read and not kept.
   *
   * @throws {RangeError} when a name can't be a label name, or is one of the series' own labels; nothing changes then
   * @throws {TypeError} when a value can't be a label value; nothing changes then
   */
  set(facts: Facts): void {
    const checked = this.#info.check(facts);
    this.attach();
    this.#info.tell(this.row, checked);
  }

  /** What was said last; nothing when the series was removed. */
  get value(): LabelSet {
    return (this.hasSeries ? this.#info.facts.get(this.row) : undefined) ?? {};
  }
}

/**
 * Facts that rarely change, as labels of a series whose value is 1: a version, a build, a configuration.
 *
 * Its `labelNames`, which it seldom has, say what the facts are about.
 *
 * @example
 * const build = new Info({ name: "build_info", help: "What is running." });
 * build.set({ version: "1.4.0", revision: "8f3c2d1" });
 */
export interface Info<Name extends string = string> extends LabelledMetric<Name, InfoSeries> {
  /** Says what is so now, in place of what was said before. See {@link InfoSeries.set}. */
  set(...args: WithLabels<Name, [facts: Facts]>): void;
}

/** Declares infos; see {@link Info}. */
export interface InfoClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never>(options: Declaration<InfoOptions<Name>, Info<Name>>): Info<Name>;
  readonly prototype: Info;
}

class InfoMetric extends BaseMetric<InfoSeries> {
  static {
    Object.defineProperty(InfoMetric, "name", { value: "Info" });
  }

  /** What is told, by row. Labels of its own for each series fit no column, and infos have few series. */
  readonly facts: Map<number, LabelSet>;
  readonly #utf8Names: boolean;

  constructor(options: InfoOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    const facts = new Map<number, LabelSet>();
    super(
      {
        type: "info",
        cells: 1,
        samples: [{ suffix: "" }],
        expose: (_table, _row, into) => into.fill(1),
        extraLabels: (row) => facts.get(row),
        hasExtraLabels: () => facts.size > 0,
        onRemove: (row) => facts.delete(row),
        startsEmpty: true,
      },
      checkName(options),
    );
    this.facts = facts;
    this.#utf8Names = options.utf8Names ?? false;
  }

  protected newSeries(): InfoSeries {
    return new InfoSeries(this.table, this);
  }

  set(...args: readonly object[]): void {
    const [labels, facts] = args.length > 1 ? args : [{}, args[0]];
    const checked = this.check(facts);
    this.tell(this.table.rowOf(labels as object), checked);
  }

  /** @internal */
  tell(row: number, facts: LabelSet): void {
    if (Object.keys(facts).length > 0) this.facts.set(row, facts);
    else this.facts.delete(row);
    this.table.changed(row);
  }

  /** The facts as a label set of its own, if they can be told. */
  check(facts: unknown): LabelSet {
    const { owner } = this.table;
    if (typeof facts !== "object" || facts === null) {
      throw new TypeError(
        `${owner}: set() takes an object of facts, but got ${facts === null ? "null" : typeof facts}.`,
      );
    }
    const names = Object.keys(facts);
    checkLabelNames("info", this.name, names, this.#utf8Names);
    const own = names.find((name) => this.labelNames.includes(name));
    if (own !== undefined) throw new RangeError(`${owner}: "${own}" is a label of the series, and no fact about it.`);
    return readLabelSet(facts);
  }
}

/** A name that does not end in `_info` could not be written in OpenMetrics. */
function checkName<Options extends InfoOptions<string>>(options: Options): Options {
  const name: unknown = options?.name;
  if (typeof name === "string" && name !== "" && !name.endsWith("_info")) {
    throw new RangeError(
      `${describeMetric("info", name)}: the name of an info ends in "_info". Call it "${name}_info".`,
    );
  }
  return options;
}

export const Info: InfoClass = InfoMetric as unknown as InfoClass;
