import type { Collector, Metric } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { checkLabelNames, describeMetric, occupiedNames } from "../model/names.ts";
import { checkDescriptor } from "./check-family.ts";
import { AlreadyRegisteredError } from "./errors.ts";
import type { NameOwner } from "./gathering.ts";
import { isMetric, type Registration } from "./scrape.ts";

/** A metric under a prefix and with labels of its registrar. */
export interface MetricRegistration extends Registration {
  readonly collector: Metric;
}

interface Entry extends Registration {
  /** Whether its collector told which families it has. */
  readonly isDescribed: boolean;
}

/** Who exposes a name, and in which of its families. */
interface Owner extends NameOwner {
  readonly registration: Registration;
}

/** The collectors of a registry, in the order they came, and the names that each has for itself. */
export class Registrations {
  readonly #entries: Entry[] = [];
  /** Who exposes a name, sample names included. */
  readonly #owners = new Map<string, Owner[]>();

  /** All of them, in a list of the caller's own. */
  all(): Registration[] {
    return [...this.#entries];
  }

  /**
   * Those that may have families of the names: who told so, and who did not tell.
   *
   * @param names of families or of samples
   */
  whichMayHave(names: ReadonlySet<string>): Registration[] {
    const owners = new Set([...names].flatMap((name) => this.#owners.get(name) ?? []).map((one) => one.registration));
    return this.#entries.filter((one) => !one.isDescribed || owners.has(one));
  }

  /** Who told at its registration that it exposes the name. */
  ownersOf(name: string): readonly NameOwner[] {
    return this.#owners.get(name) ?? [];
  }

  /** The metrics that are exposed under the name. */
  metricsNamed(name: string): MetricRegistration[] {
    const registrations = (this.#owners.get(name) ?? []).map((one) => one.registration);
    return registrations.filter(isMetricRegistration).filter((one) => one.prefix + one.collector.name === name);
  }

  /**
   * Adds a collector under a prefix and with labels of its registrar.
   *
   * @returns what came in, or `undefined` when it was there already
   * @throws {AlreadyRegisteredError} when a name it says it will expose is taken; then nothing changed
   */
  add(collector: Collector, prefix: string, labels: LabelSet): Registration | undefined {
    if (this.#entries.some(isOf(collector, prefix, labels))) return undefined;
    const descriptors = describe({ collector, prefix, labels });
    const registration: Entry = { collector, prefix, labels, isDescribed: descriptors.length > 0 };
    for (const descriptor of descriptors) this.#checkNames(registration, descriptor);
    for (const descriptor of descriptors) {
      for (const name of occupiedNames(descriptor)) {
        const owner: Owner = { registration, collector, descriptor };
        const owners = this.#owners.get(name);
        if (owners === undefined) this.#owners.set(name, [owner]);
        else owners.push(owner);
      }
    }
    this.#entries.push(registration);
    return registration;
  }

  #checkNames(registration: Registration, descriptor: FamilyDescriptor): void {
    const who = describeMetric(descriptor.type, descriptor.name);
    const { collector, prefix } = registration;
    // A prefix may give a state set the name of one of its labels.
    if (prefix !== "" && isMetric(collector))
      checkLabelNames(descriptor.type, descriptor.name, collector.labelNames, true);
    for (const name of occupiedNames(descriptor)) {
      for (const { registration: other, collector: existing, descriptor: known } of this.#owners.get(name) ?? []) {
        if (known.name !== descriptor.name) {
          const whoElse = lowerFirst(describeMetric(known.type, known.name));
          throw new AlreadyRegisteredError(
            name === descriptor.name
              ? `${who}: ${whoElse} already exposes that name. Rename one, or use two registries.`
              : `${who} exposes the name "${name}", as ${whoElse} already does. Rename one, or use two registries.`,
            existing,
          );
        }
        if (
          known.type !== descriptor.type ||
          known.unit !== descriptor.unit ||
          !haveDistinctLabels(other, registration)
        ) {
          throw new AlreadyRegisteredError(
            `${who}: a metric of that name is registered already. Use getOrCreate to share it, or another registry.`,
            existing,
          );
        }
      }
    }
  }

  /** Takes some out, and returns which. */
  remove(isRemoved: (registration: Registration) => boolean): readonly Registration[] {
    const removed = this.#entries.filter(isRemoved);
    if (removed.length === 0) return removed;
    const kept = this.#entries.filter((one) => !isRemoved(one));
    this.#entries.splice(0, Number.POSITIVE_INFINITY, ...kept);
    for (const [name, owners] of this.#owners) {
      const left = owners.filter((one) => !isRemoved(one.registration));
      if (left.length > 0) this.#owners.set(name, left);
      else this.#owners.delete(name);
    }
    return removed;
  }

  clear(): void {
    this.#entries.length = 0;
    this.#owners.clear();
  }
}

/** Tells whether a registration is that of a collector under a prefix and with labels. */
export function isOf(collector: Collector, prefix: string, labels: LabelSet): (registration: Registration) => boolean {
  const key = labelKey(labels);
  return (one) => one.collector === collector && one.prefix === prefix && labelKey(one.labels) === key;
}

/** The families that a collector says it will expose, under the names that they get. */
function describe({ collector, prefix }: Registration): FamilyDescriptor[] {
  return [...(collector.describe?.() ?? [])].map((given) => {
    const descriptor = checkDescriptor(given);
    return { ...descriptor, name: prefix + descriptor.name };
  });
}

function isMetricRegistration(registration: Registration): registration is MetricRegistration {
  return isMetric(registration.collector);
}

/** Whether constant labels make sure that two registrations never expose the same series. */
function haveDistinctLabels(a: Registration, b: Registration): boolean {
  const own = [a, b].flatMap(({ collector }) => (isMetric(collector) ? collector.labelNames : []));
  // A label that only one of them has won't do: default labels may give it to the other.
  return Object.keys(a.labels).some(
    (name) => !own.includes(name) && Object.hasOwn(b.labels, name) && b.labels[name] !== a.labels[name],
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
