/** Something can't be started for a reason that who started it can mend; the message says how. */
export class StartError extends Error {
  override readonly name = "StartError";
}
