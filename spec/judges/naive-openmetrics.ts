// A judge of OpenMetrics text 1.0, in the slowest and plainest way and sharing no code with lib/: what the naive registry
// holds, but for what OpenMetrics forbids, glued together.
import type { LabelList, NaiveFamily, NaiveSample } from "./naive-registry.ts";

/** A family as OpenMetrics has it: under its own name, with what may be said of it. */
export interface OpenMetricsFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: readonly (readonly NaiveSample[])[];
}

/** What the families are in OpenMetrics. No two of them may want the same name. */
export function asOpenMetrics(families: readonly NaiveFamily[]): OpenMetricsFamily[] {
  return families.map(({ name, type, help, series }) => {
    const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
    const hasSuffix = name.endsWith(suffix);
    return {
      name: hasSuffix ? name.slice(0, name.length - suffix.length) : name,
      type: hasSuffix ? type : "unknown",
      help,
      series: series.map((samples) => allowed(type, samples).map((sample) => canonical(type, sample))),
    };
  });
}

function allowed(type: string, samples: readonly NaiveSample[]): readonly NaiveSample[] {
  const isSumGood = !samples.some(({ name, value }) => name.endsWith("_sum") && !(value >= 0));
  switch (type) {
    case "histogram": {
      const isBelowZero = samples.some(
        ({ labels }) => labels.at(-1)?.[0] === "le" && labels.at(-1)?.[1].startsWith("-"),
      );
      return isSumGood && !isBelowZero ? samples : samples.filter(({ name }) => name.endsWith("_bucket"));
    }
    case "summary":
      return samples.filter(({ name, value }) => !(name.endsWith("_sum") ? !isSumGood : value < 0));
    default:
      return samples;
  }
}

function canonical(type: string, sample: NaiveSample): NaiveSample {
  const [last, ...before] = [...sample.labels].reverse();
  const isBound = (type === "histogram" && last?.[0] === "le") || (type === "summary" && last?.[0] === "quantile");
  if (last === undefined || !isBound) return sample;
  const labels: LabelList = [...before.reverse(), [last[0], spellCanonically(last[1])]];
  return { ...sample, labels };
}

/** As Go's format g does it with the shortest digits, and with a point. */
function spellCanonically(text: string): string {
  if (text === "+Inf") return text;
  const value = Number(text);
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 0.0001 || magnitude >= 1_000_000)) {
    let spelled = value.toExponential();
    if (/e[+-]\d$/.test(spelled)) spelled = spelled.replace(/\d$/, "0$&");
    return spelled;
  }
  const plain = Object.is(value, -0) ? "0" : text.includes("e") ? value.toFixed(20).replace(/0+$/, "") : text;
  return plain.includes(".") ? plain : `${plain}.0`;
}

/** Families in OpenMetrics text. */
export function writeOpenMetricsNaively(families: readonly OpenMetricsFamily[]): string {
  let text = "";
  for (const { name, type, help, series } of families) {
    text += `# TYPE ${name} ${type}\n`;
    text += `# HELP ${name} ${escapeText(help)}\n`;
    for (const sample of series.flat()) {
      const labels = sample.labels.map(([label, value]) => `${label}="${escapeText(value)}"`).join(",");
      text += `${sample.name}${labels === "" ? "" : `{${labels}}`} ${spell(sample.value)}\n`;
    }
  }
  return `${text}# EOF\n`;
}

function escapeText(text: string): string {
  return text.split("\\").join("\\\\").split('"').join('\\"').split("\n").join("\\n");
}

function spell(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}
