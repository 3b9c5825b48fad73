import type { Collector, Metric } from "../model/collector.ts";
import type { LabelSet } from "../model/family.ts";
import { readLabelSet } from "../model/labels.ts";
import { checkConstantLabelNames, checkMetricName } from "../model/names.ts";
import { getOrCreate } from "./get-or-create.ts";
import type { GetOrCreate, Registrar, RegistrarBase, ScopeOptions } from "./registrar.ts";

/** A registrar that hands everything on to its parent, with a prefix and labels. */
export class Scope implements Registrar, RegistrarBase {
  readonly #parent: RegistrarBase;
  readonly #prefix: string;
  readonly #labels: LabelSet;

  /** @throws {RangeError} for a prefix no name can begin with, or a name that can't be a label name */
  constructor(parent: RegistrarBase, { prefix = "", labels = {} }: ScopeOptions) {
    if (prefix !== "") checkMetricName(prefix);
    checkConstantLabelNames(Object.keys(labels));
    this.#parent = parent;
    this.#prefix = prefix;
    this.#labels = readLabelSet(labels);
  }

  registerMetric(collector: Collector): void {
    this.registerAs(collector, "", {});
  }

  registerAs(collector: Collector, prefix: string, labels: LabelSet): void {
    this.#parent.registerAs(collector, this.#prefix + prefix, { ...this.#labels, ...labels });
  }

  unregister(collector: Collector): boolean {
    return this.unregisterAs(collector, "", {});
  }

  unregisterAs(collector: Collector, prefix: string, labels: LabelSet): boolean {
    return this.#parent.unregisterAs(collector, this.#prefix + prefix, { ...this.#labels, ...labels });
  }

  getSingleMetric(name: string): Metric | undefined {
    return this.getSingleMetricAs(name, {});
  }

  getSingleMetricAs(name: string, labels: LabelSet): Metric | undefined {
    return this.#parent.getSingleMetricAs(this.#prefix + name, { ...this.#labels, ...labels });
  }

  readonly getOrCreate: GetOrCreate = (metricClass, options) => getOrCreate(this, metricClass, options);

  scoped(options: ScopeOptions): Registrar {
    return new Scope(this, options);
  }
}
