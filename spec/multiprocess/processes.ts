// Several "processes" within this one: a registry each, whose reports go to one aggregation, frame by frame.
import { Aggregation, type AggregationOptions } from "../../lib/multiprocess/aggregation.ts";
import type { Member } from "../../lib/multiprocess/member.ts";
import { Reporter } from "../../lib/multiprocess/reporter.ts";
import { Registry } from "../../lib/registry/registry.ts";

/** Does all the steps. */
export function atOnce<Result>(steps: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** One of them. */
export class FakeProcess {
  readonly registry = new Registry({ onError: () => {} });
  readonly member: Member;
  readonly reporter: Reporter;
  /** Every frame it has sent. */
  readonly frames: Uint8Array[] = [];
  /** What becomes of its frames on their way. */
  carry: (frame: Uint8Array) => void = (frame) => void this.receive(frame);
  /** It answers no question. */
  isBusy = false;
  /** How often it was asked to tell everything. */
  asked = 0;
  readonly #aggregation: Aggregation;

  constructor(aggregation: Aggregation, now: () => number) {
    this.#aggregation = aggregation;
    this.member = aggregation.join({
      askForAll: () => {
        this.asked++;
        this.reporter.startOver();
      },
      askForFresh: (question) => {
        if (this.isBusy) return;
        this.report();
        this.member.answer(question);
      },
    });
    this.reporter = new Reporter({
      registries: () => [this.registry],
      now,
      send: (frame) => {
        this.frames.push(frame);
        this.carry(frame);
      },
    });
  }

  get registers(): Registry[] {
    return [this.registry];
  }

  report(): void {
    this.reporter.report();
  }

  /** Has a frame taken in at once. @returns whether it was */
  receive(frame: Uint8Array): boolean {
    return atOnce(this.member.receive(frame));
  }

  /** It ends without a word. */
  kill(): void {
    this.reporter.close();
    this.#aggregation.leave(this.member);
    this.#aggregation.work.finish();
  }
}

/** All of them together. */
export class Processes {
  readonly aggregation: Aggregation;
  readonly exposed = new Registry({ onError: (error) => this.errors.push(error.message) });
  readonly errors: string[] = [];
  timeMs = 1_000_000;

  constructor(options: AggregationOptions = {}) {
    this.aggregation = new Aggregation({
      onError: (error) => this.errors.push(error.message),
      now: () => this.timeMs,
      ...options,
    });
    this.exposed.registerMetric(this.aggregation);
  }

  start(): FakeProcess {
    return new FakeProcess(this.aggregation, () => this.timeMs);
  }

  /** The exposition without what the aggregation tells of itself. */
  async exposition(): Promise<string> {
    const text = await this.exposed.metrics();
    return text.replace(
      /(?:^# HELP tallystick_(?:worker|reports)_.*\n)(?:^(?:# TYPE )?tallystick_(?:worker|reports)_.*\n)*/gm,
      "",
    );
  }
}
