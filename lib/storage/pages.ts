/**
 * Makes a page: `cells` numbers, all zero. Pages never move, so whoever holds one and an offset in it can read and
 * write that number for as long as its series lives. The memory may be shared between threads.
 */
export type PageFactory = (cells: number) => Float64Array;

/** Pages in memory of this thread's own. */
export const ordinaryPages: PageFactory = (cells) => new Float64Array(cells);
