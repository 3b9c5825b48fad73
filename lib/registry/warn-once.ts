/** Causes that are warned of, at the most; a message can hold anything and would fill a log for ever. */
const MOST_WARNINGS = 100;

/** Warns through the process, if there is one, and of each cause only once. */
export function warnOnce(): (error: Error) => void {
  const warned = new Set<string>();
  return (error) => {
    if (warned.has(error.message) || warned.size >= MOST_WARNINGS) return;
    warned.add(error.message);
    const host = globalThis as { process?: { emitWarning?: (warning: Error) => void } };
    host.process?.emitWarning?.(error);
  };
}
