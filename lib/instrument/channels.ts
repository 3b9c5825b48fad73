import { subscribe, unsubscribe } from "node:diagnostics_channel";

/** What is to be done with the messages of some channels, by the channels' names. */
export type ChannelListeners = Readonly<Record<string, (message: never) => void>>;

/**
 * Listens to channels of Node.js and of packages, until the function that it returns is called.
 *
 * A channel that nobody publishes costs nothing, so none is looked for: what a version of Node.js does not tell stays
 * silent. What a listener throws would end the process, as the channel hands it on as an uncaught exception; so it is
 * warned of, once a text, and the host goes on without that one measurement.
 */
export function listen(listeners: ChannelListeners): () => void {
  const guarded = Object.entries(listeners).map(([name, listener]) => {
    // The message is what the channel's documentation says; there is no type that would tell.
    const take = listener as (message: unknown) => void;
    const guard = (message: unknown) => {
      try {
        take(message);
      } catch (error) {
        warnOnce(error);
      }
    };
    return [name, guard] as const;
  });
  for (const [name, guard] of guarded) subscribe(name, guard);
  return () => {
    for (const [name, guard] of guarded) unsubscribe(name, guard);
  };
}

/** The texts that were warned of; more of them than this are no news to anybody. */
const warned = new Set<string>();
const MOST_WARNINGS = 10;

/** Warns of what went wrong while a request was measured, once a text. */
export function warnOnce(error: unknown): void {
  const text = `A request could not be measured in full: ${error instanceof Error ? error.message : String(error)}`;
  if (warned.has(text) || warned.size >= MOST_WARNINGS) return;
  warned.add(text);
  process.emitWarning(text, { type: "TallystickWarning" });
}
