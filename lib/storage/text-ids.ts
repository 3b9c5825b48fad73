/** Texts are spread over so many maps, by their last characters. */
const MAPS = 64;

/**
 * Finds the ids of very many texts. Where one map had them all it would be rebuilt at once whenever it is full, and with
 * 100,000 texts hold its thread for milliseconds.
 */
export class TextIds {
  readonly #maps = Array.from({ length: MAPS }, () => new Map<string, number>());

  /** The id of a text, or -1. */
  get(text: string): number {
    const id = this.#mapOf(text).get(text);
    return id === undefined ? -1 : id;
  }

  set(text: string, id: number): void {
    this.#mapOf(text).set(text, id);
  }

  delete(text: string): void {
    this.#mapOf(text).delete(text);
  }

  #mapOf(text: string): Map<string, number> {
    const { length } = text;
    // What texts differ in is mostly near their end: a number, a name, or one before a common suffix.
    let hash = length;
    for (let i = Math.max(0, length - 12); i < length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
    return this.#maps[(hash ^ (hash >>> 15)) & (MAPS - 1)] as Map<string, number>;
  }
}
