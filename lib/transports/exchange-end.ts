import type { IncomingMessage, ServerResponse } from "node:http";

/** Calls back once: when the response has been sent, or when the client is gone, whichever it is. */
export function onExchangeEnd(request: IncomingMessage, response: ServerResponse, callback: () => void): void {
  let isOver = false;
  const end = () => {
    if (isOver) return;
    isOver = true;
    callback();
  };
  if (response.destroyed) {
    end();
    return;
  }
  response.once("close", end);
  // The response to a pipelined request has no connection yet, and hears nothing of its end; the request does.
  request.once("error", end);
}
