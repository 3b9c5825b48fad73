/**
 * Makes a page: `cells` numbers, all zero. Pages never move, so whoever holds one and an offset in it can read and
 * write that number for as long as its series lives. The memory may be shared between threads.
 */
export interface PageFactory {
  (cells: number): Float64Array;
  /** Whether other threads read the pages. Then the rows have to say where else the numbers of a series lie. */
  readonly isShared?: boolean;
  /** Takes back a page that nobody writes any more, where the memory is not left to the garbage collector. */
  release?(page: Float64Array): void;
}

/** Pages in memory of this thread's own. */
export const ordinaryPages: PageFactory = (cells) => new Float64Array(cells);

let chosen: PageFactory = ordinaryPages;

/** The pages of whatever is not told where to keep its numbers. */
export function defaultPages(): PageFactory {
  return chosen;
}

/** Chooses the pages that {@link defaultPages} gives from now on. What has its pages already keeps them. */
export function chooseDefaultPages(pages: PageFactory): void {
  chosen = pages;
}
