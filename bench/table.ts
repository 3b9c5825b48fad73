// Figures as a reader sees them: Markdown tables that also line up in a terminal.
import type { Case, Target, Unit } from "./case.ts";
import { type ContenderName, libraries, ours } from "./contenders.ts";
import type { Samples } from "./runner.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

export interface Result {
  readonly case: Pick<Case, "name" | "title" | "unit" | "targets" | "limitTitle">;
  readonly samples: Samples;
}

export interface Verdict {
  readonly target: Target;
  /** The figure that the target is about: a ratio, or a number of units. */
  readonly figure: Spread;
  readonly met: boolean;
}

/** A number with as many digits as mean something. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return "∞";
  const magnitude = Math.abs(value);
  if (magnitude >= 100) return Math.round(value).toLocaleString("en-US");
  if (magnitude >= 10) return value.toFixed(1);
  // A trailing sign of zero bytes measured as "-0.00" would only puzzle.
  const text = value.toFixed(2);
  return text === "-0.00" ? "0.00" : text;
}

/** The units a quantity is shown in: from how much on, and how many of its own unit one of them is. */
const shownUnits: Record<Unit, readonly { readonly from: number; readonly is: number; readonly sign: string }[]> = {
  ns: [
    { from: 1e6, is: 1e6, sign: " ms" },
    { from: 1e3, is: 1e3, sign: " µs" },
    { from: 0, is: 1, sign: " ns" },
  ],
  ms: [
    { from: 1e3, is: 1e3, sign: " s" },
    { from: 1, is: 1, sign: " ms" },
    { from: 0, is: 1e-3, sign: " µs" },
  ],
  bytes: [
    { from: 1e6, is: 1e6, sign: " MB" },
    { from: 1e4, is: 1e3, sign: " kB" },
    { from: 0, is: 1, sign: " B" },
  ],
  "requests/s": [{ from: 0, is: 1, sign: "/s" }],
};

/** A quantity in the unit that suits its size: 1500 ns are 1.50 µs. */
export function quantityText(value: number, unit: Unit): string {
  const { is, sign } = shownUnits[unit].find(({ from }) => Math.abs(value) >= from) ?? { is: 1, sign: ` ${unit}` };
  return `${figureText(value / is)}${sign}`;
}

function spreadText(figure: Spread, text: (value: number) => string): string {
  return `${text(figure.median)} (${text(figure.min)}..${text(figure.max)})`;
}

/** Whether ours reached a target; nothing when one of the two was not measured. */
export function judge(target: Target, samples: Samples): Verdict | undefined {
  const own = samples[ours];
  if (own === undefined) return undefined;
  if (target.type === "at most") {
    const figure = spread(own);
    return { target, figure, met: figure.median <= target.value };
  }
  const other = samples[target.type === "faster" ? target.than : target.of];
  if (other === undefined) return undefined;
  switch (target.type) {
    case "faster": {
      const figure = spread(ratios(other, own));
      return { target, figure, met: figure.median >= target.times };
    }
    case "within": {
      const figure = spread(ratios(own, other));
      return { target, figure, met: figure.median <= target.times };
    }
    case "beyond": {
      const figure = spread(own.map((value, round) => value - (other[round] as number)));
      return { target, figure, met: figure.median <= target.by };
    }
    default:
      return target satisfies never;
  }
}

export function verdicts({ case: { targets = [] }, samples }: Result): Verdict[] {
  return targets.map((target) => judge(target, samples)).filter((verdict) => verdict !== undefined);
}

function verdictCells(
  { case: { unit, limitTitle = "the limit" }, samples }: Result,
  { target, figure, met }: Verdict,
): string[] {
  const nameOf = (name: ContenderName) => (name === "limit" ? limitTitle : name);
  const times = (value: number) => `${figureText(value)}×`;
  const units = (value: number) => quantityText(value, unit);
  const median = (name: ContenderName) => units(spread(samples[name] as readonly number[]).median);
  const end = met ? "met" : "**lost**";
  switch (target.type) {
    case "faster":
      return [nameOf(target.than), median(target.than), spreadText(figure, times), `≥ ${target.times}×`, end];
    case "within":
      return [nameOf(target.of), median(target.of), spreadText(figure, times), `≤ ${target.times}×`, end];
    case "beyond":
      return [
        nameOf(target.of),
        median(target.of),
        spreadText(figure, (value) => (value < 0 ? units(value) : `+${units(value)}`)),
        `≤ +${units(target.by)}`,
        end,
      ];
    case "at most":
      return ["–", "", spreadText(figure, units), `≤ ${units(target.value)}`, end];
    default:
      return target satisfies never;
  }
}

/** Pads the cells of a Markdown table so that its columns line up; numbers stand at the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[], left: number): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (i < left ? (cells[i] ?? "").padEnd(width) : (cells[i] ?? "").padStart(width))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i < left ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** One row for each target: what it is about, what was measured, and whether it was met. */
export function targetTable(results: readonly Result[]): string {
  const rows = results.flatMap((result) =>
    verdicts(result).map((verdict) => {
      const own = quantityText(spread(result.samples[ours] as readonly number[]).median, result.case.unit);
      const [against = "", theirs = "", figure = "", wanted = "", end = ""] = verdictCells(result, verdict);
      return [result.case.name, result.case.title, against, own, theirs, figure, wanted, end];
    }),
  );
  return markdownTable(["case", "work", "against", ours, "the other", "median (min..max)", "target", ""], rows, 3);
}

/** Whether a quotient of the figures would mislead: of a throughput, or of bytes that only the measuring left. */
function isQuotable(unit: Unit, figures: readonly number[]): boolean {
  return unit !== "requests/s" && (unit !== "bytes" || spread(figures).median >= 0.5);
}

/**
 * One row for each case, a column for each contender: its median, and how many times ours that is. Of the limit it is the other
 * way round: how many times the limit ours is.
 */
export function figureTable(results: readonly Result[]): string {
  const columns: ContenderName[] = [...libraries, "limit"];
  const rows = results.map(({ case: { name, unit }, samples }) => {
    const own = samples[ours];
    return [
      name,
      ...columns.map((column) => {
        const figures = samples[column];
        if (figures === undefined) return "";
        const text = quantityText(spread(figures).median, unit);
        if (column === ours || own === undefined) return text;
        if (!isQuotable(unit, own) || !isQuotable(unit, figures)) return text;
        const quotient = column === "limit" ? ratios(own, figures) : ratios(figures, own);
        return `${text} ${figureText(spread(quotient).median)}×`;
      }),
    ];
  });
  return markdownTable(["case", ...libraries, "limit, ours to it"], rows, 1);
}
