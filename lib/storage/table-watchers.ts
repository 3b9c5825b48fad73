// Who else has to know what becomes of the series of a table: scrapes under way, other threads and processes.

/** A scrape's hold on a table: what it may print, and a copy of it when the numbers are about to be set anew. */
export interface TableLease {
  /**
   * Called when a row loses its series, and before it gets another: that one is none of the scrape's, which may have
   * printed a series of the same labels already.
   */
  hide(row: number): void;
  /** Called before the table's `collect` sets its numbers anew while the scrape still prints the old ones. */
  freeze(): void;
}

/** Which label sets are meant: for each label the text it has, or undefined for any. */
export type LabelPattern = readonly (string | undefined)[];

/** Follows the series of a table from outside: to tell other threads of them, or to add them up with theirs. */
export interface RowWatcher {
  /** Called when a row has its series. */
  added(row: number): void;
  /**
   * Called when a row has lost its series.
   *
   * @returns whether the row must not be used again before it is given back by {@link SeriesTable.giveBack}
   */
  removed(row: number): boolean;
  /** Called when what is told of a series beside its numbers has changed. */
  changed?(row: number): void;
  /**
   * Called before the metric's user takes series away, also those that this table does not have.
   *
   * @returns how many there were elsewhere that this table did not have
   */
  wiped?(pattern: LabelPattern): number;
  /** Called before `collect` sets the numbers anew. */
  settingAnew?(): void;
  /** Called before the series of a row begins anew, at zero. */
  beginningAnew?(row: number): void;
}
