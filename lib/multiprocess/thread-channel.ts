// How the threads of a process find each other, without touching the messages of the program.
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { Removals } from "./thread-joiner.ts";

/** From every thread to the one that scrapes. The number is that of the messages' form. */
export const TO_MAIN = "tallystick.threads/1";
/** From the thread that scrapes to all others. */
export const TO_THREADS = "tallystick.main/1";

/** What a thread says. */
export type FromThread =
  /** Here is what I count. */
  | { readonly type: "memory"; readonly memory: string; readonly threadId: number; readonly buffer: SharedArrayBuffer }
  /** I am about to end by myself. */
  | { readonly type: "ending"; readonly threadId: number }
  /** A thread that I started has ended. */
  | { readonly type: "ended"; readonly threadId: number };

/** What the thread that scrapes says. */
export type FromMain =
  /** I have come later than you; tell me again. */
  { readonly type: "tell" } | { readonly type: "remove"; readonly removals: readonly Removals[] };

/**
 * Sends a message to all who listen. It is in their queues when this returns, even if this thread never lets its event
 * loop turn again.
 */
export function broadcast(channelName: string, message: FromThread | FromMain): void {
  // Whoever is on a channel gets its messages whether they listen or not, so it is left at once.
  const channel = new BroadcastChannel(channelName);
  channel.postMessage(message);
  channel.close();
}

/** Listens, without keeping the thread alive. */
export function listen(channelName: string, onMessage: (message: unknown) => void): BroadcastChannel {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = (event) => onMessage((event as { readonly data: unknown }).data);
  channel.unref();
  return channel;
}

/**
 * Takes the messages that wait in a channel, before the event loop turns. Where that can't be done, as in Deno, they come
 * by themselves later.
 */
export function* waitingIn(channel: BroadcastChannel): Iterable<unknown> {
  for (;;) {
    let received: { readonly message: unknown } | undefined;
    try {
      // Node.js takes either; its types have had the channel only of late.
      received = receiveMessageOnPort(channel as unknown as MessagePort);
    } catch {
      return;
    }
    if (received === undefined) return;
    yield received.message;
  }
}
