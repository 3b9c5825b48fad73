/** Metrics did not reach a Pushgateway, or it did not take them. */
export class PushError extends Error {
  override readonly name = "PushError";
  /** What the gateway answered; absent when it gave no answer, and then `cause` tells why. */
  readonly status?: number;
  /** The first line of the gateway's answer, empty where there is none. */
  readonly answer: string;

  constructor(
    message: string,
    options: { readonly status?: number; readonly answer?: string; readonly cause?: unknown },
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    if (options.status !== undefined) this.status = options.status;
    this.answer = options.answer ?? "";
  }
}
