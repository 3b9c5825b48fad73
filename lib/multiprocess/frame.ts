// The frames in which a process tells another what it has counted.
//
// A report is one frame or several, each complete in itself. Families are declared and label sets announced once, under
// numbers that the sender chooses; afterwards only numbers that changed are sent. A frame says its version and length,
// whose it is, and the how manieth, so that a reader takes it whole, in order, or not at all.

/** "TLY", and the version of what follows. A change that a reader of this version could not follow gets a new one. */
export const MAGIC = 0x54_4c_59;
export const FRAME_VERSION = 1;

// What a frame holds, one after another, each with the number of a family or row behind it. Those about rows are about the
// family that was selected last.
export const DECLARE = 1;
export const RETRACT = 2;
export const SELECT = 3;
export const ANNOUNCE = 4;
export const REMOVE = 5;
export const NUMBER = 6;
export const CELLS = 7;
export const BLOCK = 8;
export const EXEMPLAR = 9;

/** The first frame of a report that tells everything, and not only what changed. */
export const IS_FULL = 1;
/** The last frame of a report. */
export const IS_LAST = 2;
/** Nothing comes after this report. */
export const IS_FINAL = 4;

/** What stands at the beginning of a frame. */
export interface FrameHeader {
  /** The sender's own life: another number after a restart. */
  readonly incarnation: number;
  /** Counts the sender's frames. */
  readonly sequence: number;
  /** When the numbers were read, by the sender's wall clock, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly isFull: boolean;
  readonly isLast: boolean;
  readonly isFinal: boolean;
}
