import type { LabelSet } from "../model/family.ts";
import type { Registration } from "./scrape.ts";

/**
 * Follows what is registered with a registry. This is a contract between copies of the library in one process, version
 * 1, as the collector's is: each copy follows its own metrics in the registry that they share.
 */
export interface RegistryWatcher {
  registered(registration: Registration): void;
  unregistered(registration: Registration): void;
  /** Called with the default labels when they are set, and at the beginning if there are any. */
  labelled(labels: LabelSet): void;
  /** Everything was taken out, and there are no default labels. */
  cleared(): void;
}
