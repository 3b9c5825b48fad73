// What processes say to each other over the channel that Node.js gives them. Programs send messages of their own over
// it, so ours bear a mark, and whoever gets one that is none of ours leaves it to others.

/** The key that all of our messages have, and no other. */
const MARK = "tallystick/1";

/** From the process that aggregates to one that is aggregated. */
export type Request =
  | {
      readonly type: "hello";
      /** Tells those who ask apart, if there are several in a process. */
      readonly asker: string;
      readonly intervalMs: number;
      /** The file to which a process writes what the channel can't carry at its end. */
      readonly spool: string;
      /** Arrives as it is where the channel carries bytes, and as something else where it carries JSON. */
      readonly probe: unknown;
    }
  | { readonly type: "all"; readonly asker: string }
  | { readonly type: "fresh"; readonly asker: string; readonly question: number; readonly deadlineMs: number };

/** From a process that is aggregated. */
export type Reply =
  | {
      readonly type: "report";
      readonly asker: string;
      /** A frame: bytes, or as base64 where the channel carries JSON. */
      readonly frame: unknown;
    }
  /** The reports before this have the fresh values that were asked for. */
  | { readonly type: "answer"; readonly asker: string; readonly question: number };

export function marked<Message extends Request | Reply>(message: Message): object {
  return { [MARK]: message.type, ...message };
}

/** The message as one of ours, if it is. Its fields are as somebody sent them. */
export function unmarked(message: unknown): Partial<Record<string, unknown>> | undefined {
  if (typeof message !== "object" || message === null || !Object.hasOwn(message, MARK)) return undefined;
  return message as Record<string, unknown>;
}

/** A frame as the channel carries it. */
export function packFrame(frame: Uint8Array, carriesBytes: boolean): unknown {
  return carriesBytes ? frame : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64");
}

/** The bytes of a frame that came over a channel; undefined when there are none. */
export function unpackFrame(frame: unknown): Uint8Array | undefined {
  if (frame instanceof Uint8Array) return frame;
  return typeof frame === "string" ? Buffer.from(frame, "base64") : undefined;
}
