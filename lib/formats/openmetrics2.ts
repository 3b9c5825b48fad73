import type { Exemplar, FamilyDescriptor, MetricType } from "../model/family.ts";
import { compositeText } from "./composite-value.ts";
import { type Dialect, typeLabelOf } from "./dialect.ts";
import { typeSuffix, writtenFamilyNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { canonicalNumberText } from "./numbers.ts";
import { exemplarText, headText, mayHaveUnit, stateSetType, timestampText } from "./openmetrics.ts";

/**
 * The dialect of OpenMetrics text 2.0, as far as its release candidate is settled. A family is called the same in its
 * metadata and its samples, a histogram or summary is one line with all of its numbers, native buckets included, and
 * lines say themselves since when they count.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec_2_0/
 */
export function openMetrics2Dialect(escaping: EscapingScheme): Dialect {
  return {
    escaping,
    omitsForbidden: false,
    writesCreated: false,
    blocksOf(families) {
      const names = writtenFamilyNames(families, escaping);
      return families.map((family, i) => {
        const name = names[i] as string;
        const type = typeOf(family, name, escaping);
        const head = headText(family, name, type, mayHaveUnit(family));
        return [{ title: name, name, type, typeLabel: typeLabelOf(family), head }];
      });
    },
    boundText: canonicalNumberText,
    timestampText,
    exemplarText: (exemplar) => timedExemplarText(exemplar, escaping),
    startPrefix: " st@",
    compositeText,
    end: "# EOF\n",
  };
}

/** An info has to be called one. */
function typeOf(family: FamilyDescriptor, name: string, escaping: EscapingScheme): MetricType {
  const { type } = family;
  if (type === "info") return typeSuffix(family) === "" ? "unknown" : type;
  return type === "stateset" ? stateSetType(family, name, escaping) : type;
}

/** Each has to say when it was observed. Its labels may be of any length. */
function timedExemplarText(exemplar: Exemplar, escaping: EscapingScheme): string {
  const { timestampMs } = exemplar;
  if (timestampMs === undefined || timestampText(timestampMs) === "") return "";
  return exemplarText(exemplar, escaping);
}
