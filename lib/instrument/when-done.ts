import { errorMonitor } from "node:events";
import { finished, Readable, Writable } from "node:stream";
import { ReadableStream, WritableStream } from "node:stream/web";

/** Told how something ended: by an error, or not. */
export type Done = (error: unknown, hasFailed: boolean) => void;

/**
 * Calls a function, and `done` once when what it began is over: when it returned or threw; when its promise is settled;
 * when its generator, sync or async, has ended or was left; when its stream, of Node.js or the web, is finished.
 *
 * A promise may lead to any of the others. What the function returned or threw reaches the caller: a stream as it is, a
 * promise or generator as one that does the same. A generator that nobody ever asks never ends, and neither is a stream
 * over that nobody reads.
 */
export function whenDone<Result>(run: () => Result, done: Done): Result {
  let result: Result;
  try {
    result = run();
  } catch (error) {
    done(error, true);
    throw error;
  }
  return follow(result, done);
}

function follow<Result>(result: Result, done: Done): Result {
  if (typeof result !== "object" || result === null) {
    done(undefined, false);
    return result;
  }
  if (result instanceof Readable || result instanceof Writable) {
    watch(result, done);
    return result;
  }
  if (result instanceof ReadableStream || result instanceof WritableStream) {
    finished(result as unknown as Readable, (error) => done(error ?? undefined, error instanceof Error));
    return result;
  }
  if (typeof (result as { readonly then?: unknown }).then === "function") {
    return followPromise(result as unknown as PromiseLike<unknown>, done) as Result;
  }
  if (isGenerator(result, Symbol.asyncIterator)) {
    return followAsync(result as unknown as AsyncGenerator, done) as Result;
  }
  if (isGenerator(result, Symbol.iterator)) return followSync(result as unknown as Generator, done) as Result;
  done(undefined, false);
  return result;
}

/** Watches a stream without handling its errors: one that nobody handles has to end the process, as it did before. */
function watch(stream: Readable | Writable, done: Done): void {
  let error: unknown;
  stream.once(errorMonitor, (reason: unknown) => {
    error = reason;
  });
  stream.once("close", () => {
    const { readableAborted = false, writableAborted = false } = stream as Partial<Readable & Writable>;
    done(error, error !== undefined || readableAborted || writableAborted);
  });
}

/** Iterators that iterate themselves; a list, which can be walked any number of times, is a plain result. */
function isGenerator(value: object, symbol: typeof Symbol.iterator | typeof Symbol.asyncIterator): boolean {
  const { [symbol]: iterate, next } = value as { readonly [symbol]?: unknown; readonly next?: unknown };
  return typeof next === "function" && typeof iterate === "function" && iterate.call(value) === value;
}

function followPromise(promise: PromiseLike<unknown>, done: Done): PromiseLike<unknown> {
  // The promise that settles after `done` is handed on, so that whoever awaits it finds the metric up to date.
  return promise.then(
    (value) => follow(value, done),
    (error: unknown) => {
      done(error, true);
      throw error;
    },
  );
}

/** A generator around the other ends however it is left, and hands on what is sent into it. */
function* followSync(generator: Generator, done: Done): Generator {
  let end: Parameters<Done> = [undefined, false];
  try {
    return yield* generator;
  } catch (error) {
    end = [error, true];
    throw error;
  } finally {
    done(...end);
  }
}

async function* followAsync(generator: AsyncGenerator, done: Done): AsyncGenerator {
  let end: Parameters<Done> = [undefined, false];
  try {
    return yield* generator;
  } catch (error) {
    end = [error, true];
    throw error;
  } finally {
    done(...end);
  }
}
