// The first step of a scrape: asking every collector, side by side, with a deadline.
import type { Collector, ScrapeContext } from "../model/collector.ts";
import type { MetricFamily } from "../model/family.ts";
import { checkFamily } from "./check-family.ts";
import { CollectorError } from "./errors.ts";

type Families = readonly MetricFamily[];

/** What a collector's run came to. */
export type Outcome =
  | { readonly ok: true; readonly families: Families }
  | { readonly ok: false; readonly error: CollectorError };

/** A call to a collector that is under way, and who waits for it. */
interface Run {
  readonly waiting: Set<(outcome: Outcome) => void>;
  canceller: Canceller;
  /** A scrape has given up on it; the next ones do not wait again. */
  isLate: boolean;
}

/** Tells a collector to stop, if it cares: most never look at the signal, and making one takes longer than they do. */
class Canceller {
  #controller: AbortController | undefined;
  isAborted = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.isAborted) this.#controller.abort();
    return this.#controller.signal;
  }

  abort(): void {
    this.isAborted = true;
    this.#controller?.abort();
  }
}

/** The runs under way, in whatever registry they began: a collector is never called again while it is being asked. */
const runs = new WeakMap<object, Run>();

/** Whoever is asked: a collector, or what several of them are brought up to date by. */
export type Asked = Collector | { readonly name: string };

/** A name for the collector, in errors and in the metric that counts them. */
export function nameOf(collector: Asked): string {
  for (const name of [collector.name, collector.constructor?.name] as readonly unknown[]) {
    if (typeof name === "string" && name !== "") return name;
  }
  return "anonymous";
}

/** What to call for a collector: `collect()` of plain data, or whatever brings its columns up to date. */
export type Ask = (context: ScrapeContext) => unknown;

/**
 * Asks a collector, or waits with others for its answer if it is being asked already. `then` is called once, at the
 * very moment of the answer: the collector is not called again before it returns. A collector that answers at once
 * calls it at once.
 *
 * @returns a function that stops waiting, and says whether because the collector is late. When nobody waits any more
 *   the collector is told so by its signal.
 */
export function ask(collector: Asked, how: Ask, then: (outcome: Outcome) => void): (isLate: boolean) => void {
  let run = runs.get(collector);
  if (run === undefined) {
    run = { waiting: new Set([then]), canceller: new Canceller(), isLate: false };
    runs.set(collector, run);
    start(collector, how, run);
  } else if (run.isLate) {
    then({ ok: false, error: new CollectorError(nameOf(collector), "it still has not answered an earlier scrape.") });
  } else {
    run.waiting.add(then);
  }
  const asked = run;
  return (isLate) => {
    if (!asked.waiting.delete(then)) return;
    asked.isLate ||= isLate;
    if (asked.waiting.size === 0) asked.canceller.abort();
  };
}

function start(collector: Asked, how: Ask, run: Run): void {
  const { canceller } = run;
  const finish = (outcome: Outcome) => {
    if (canceller.isAborted && run.waiting.size > 0) {
      // It was told to stop before these scrapes came, so what it answered may be half of it.
      run.canceller = new Canceller();
      start(collector, how, run);
      return;
    }
    runs.delete(collector);
    const waiting = [...run.waiting];
    run.waiting.clear();
    for (const then of waiting) then(outcome);
  };
  const succeed = (families: Families) => finish({ ok: true, families });
  const fail = (cause: unknown) =>
    finish({ ok: false, error: new CollectorError(nameOf(collector), reasonOf(cause), cause) });
  let families: Families | Promise<Families>;
  try {
    const answer = how(contextOf(canceller));
    // A promise of ours keeps its word, whatever a thenable of theirs does: it settles once.
    families = isThenable(answer)
      ? Promise.resolve(answer).then((late) => familiesOf(late, canceller))
      : familiesOf(answer, canceller);
  } catch (error) {
    fail(error);
    return;
  }
  if (families instanceof Promise) families.then(succeed, fail);
  else succeed(families);
}

/** The signal is its own property, as one that is copied with the object would have to be. */
function contextOf(canceller: Canceller): ScrapeContext {
  return {
    get signal() {
      return canceller.signal;
    },
  };
}

function familiesOf(answer: unknown, canceller: Canceller): Families | Promise<Families> {
  if (isIterable(answer)) return [...answer].map(checkFamily);
  if (isAsyncIterable(answer)) return drain(answer, canceller);
  throw new TypeError(`expected a list of metric families, but got ${answer === null ? "null" : typeof answer}.`);
}

async function drain(answer: AsyncIterable<unknown>, canceller: Canceller): Promise<Families> {
  const families: MetricFamily[] = [];
  for await (const family of answer) {
    if (canceller.isAborted) break;
    families.push(checkFamily(family));
  }
  return families;
}

function reasonOf(cause: unknown): string {
  try {
    const message = (cause as Error | null | undefined)?.message;
    return typeof message === "string" && message !== "" ? message : `it threw ${String(cause)}.`;
  } catch {
    return "it threw what can't be shown.";
  }
}

/** Whether a value is something to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function";
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Iterable<unknown> | null | undefined)?.[Symbol.iterator] === "function";
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | null | undefined)?.[Symbol.asyncIterator] === "function";
}
