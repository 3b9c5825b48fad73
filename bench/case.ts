// What a benchmark is made of. A subject's file exports `cases(settings)`.
import type { Contender, ContenderName } from "./contenders.ts";
import type { Digest } from "./exposition.ts";

/** How thorough a run is. */
export interface Settings {
  /** Every case, in small sizes and few rounds: shows that all of it works, not how fast it is. */
  readonly quick: boolean;
  /** Also the cases that take minutes. */
  readonly full: boolean;
}

export type Unit = "ns" | "ms" | "bytes" | "requests/s";

/** What a figure of ours has to reach. */
export type Target =
  /** The other one takes at least `times` as much as ours. */
  | { readonly type: "faster"; readonly than: ContenderName; readonly times: number }
  /** Ours takes at most `times` as much as the other one. */
  | { readonly type: "within"; readonly of: ContenderName; readonly times: number }
  /** Ours exceeds the other one by at most `by` units. */
  | { readonly type: "beyond"; readonly of: ContenderName; readonly by: number }
  /** Ours is at most `value` units, by itself. */
  | { readonly type: "at most"; readonly value: number };

interface CaseBase {
  /** `subject/operation/size` */
  readonly name: string;
  /** What the case does, in the words of a reader of the table. */
  readonly title: string;
  readonly unit: Unit;
  readonly contenders: readonly ContenderName[];
  readonly targets?: readonly Target[];
  /** What the limit does, where there is one. */
  readonly limitTitle?: string;
}

/** Work that is done over and over; the contenders take turns in one process. */
export interface TimedCase extends CaseBase {
  readonly type: "timed";
  /** Lines of the expositions that may differ between the clients, in their canonical spelling. */
  readonly ignored?: RegExp;
  prepare(contender: Contender): Workload | Promise<Workload>;
  /** The least that any implementation has to do. It may ask our client for what it works upon. */
  prepareLimit?(ours: Contender): Workload | Promise<Workload>;
}

export interface Workload {
  /** Does the work `times` times. It loops itself, so that V8 sees the same call site as in a program. */
  run(times: number): void | Promise<void>;
  /** How many operations one time is; the figure is that of one. */
  readonly operations?: number;
  /** Changes what the next sample works upon, outside the clock. */
  between?(): void;
  /** What is exposed now; the contenders' expositions must agree. */
  exposition?(): Promise<string>;
  /** Whether the answer is right after the work was done `times` times in all. */
  check(times: number, totals: Digest["totals"]): boolean;
}

/** Something about a whole process; each contender gets processes of its own. */
export interface LoneCase extends CaseBase {
  readonly type: "lone";
  /** How many processes each contender gets. */
  readonly processes: number;
  readonly nodeOptions?: readonly string[];
  /** Measures what a contender does; the limit gets our client and its own name. As many figures for each contender. */
  measure(contender: Contender, name: ContenderName): Promise<readonly number[]>;
}

export type Case = TimedCase | LoneCase;

/** A file with benchmarks. */
export interface Subject {
  cases(settings: Settings): readonly Case[];
}

/** `1000` as `1k`, for names and titles. */
export function sizeName(size: number): string {
  if (size >= 1e6 && size % 1e5 === 0) return `${size / 1e6}M`;
  if (size >= 1e3 && size % 1e2 === 0) return `${size / 1e3}k`;
  return String(size);
}

/** The major version of the Node.js that runs this, since some targets depend on it. */
export const nodeMajor = Number(process.versions.node.split(".", 1)[0]);
