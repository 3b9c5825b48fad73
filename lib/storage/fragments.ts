/** What copying in blocks may read beyond the last fragment; see `copyBytes` in formats. */
const SLACK_BYTES = 24;

const SMALLEST_BYTES = 128;
/** How much is copied in a step. */
const STEP_BYTES = 65_536;
/** How many values of a label there is room for at first. */
const FIRST_PLACES = 4;

/**
 * The label values of one family as every text format writes them, escaped once: `,method="GET"`.
 *
 * Those of all labels lie in one memory. A line takes one of each label, and from memory of their own that takes nearly
 * twice as long (bench case `scrape/integers`).
 */
export class Fragments {
  /** All fragments, one after the other in order of no meaning. */
  bytes: Uint8Array = new Uint8Array(SMALLEST_BYTES);
  /** The same memory, for copying eight bytes at a time. */
  view: DataView = new DataView(this.bytes.buffer);
  /** Where each fragment starts, and how long it is: two numbers a place. The length is 0 where there is none. */
  places: Uint32Array;
  /** The place of each label's first value; that of the value `id` is `firstPlaces[label] + id`. */
  readonly firstPlaces: Int32Array;
  /** How many bytes of each label's fragments come before the value: those of `,method="`. */
  readonly prefixLengths: Int32Array;
  /** At least the length of each label's longest fragment. */
  readonly longest: Uint32Array;
  #end = 0;
  #wastedBytes = 0;

  /** @param labels how many labels the family has */
  constructor(labels: number) {
    this.firstPlaces = Int32Array.from({ length: labels }, (_, label) => label * FIRST_PLACES);
    this.prefixLengths = new Int32Array(labels);
    this.longest = new Uint32Array(labels);
    this.places = new Uint32Array(labels * FIRST_PLACES * 2);
  }

  /** The bytes that the fragments take, free room included. */
  get byteLength(): number {
    return this.bytes.byteLength + this.places.byteLength;
  }

  startOf(label: number, id: number): number {
    return this.places[this.#placeOf(label, id) * 2] as number;
  }

  lengthOf(label: number, id: number): number {
    return this.places[this.#placeOf(label, id) * 2 + 1] as number;
  }

  #placeOf(label: number, id: number): number {
    return (this.firstPlaces[label] as number) + id;
  }

  /** Where the places of a label end. */
  #placesEnd(label: number): number {
    return this.firstPlaces[label + 1] ?? this.places.length / 2;
  }

  /**
   * Makes room for a fragment that is about to be written.
   *
   * @param bytes the most that it may take
   * @returns the offset in {@link bytes} to write it to; {@link add} then tells how long it became
   */
  reserve(bytes: number): number {
    if (this.#end + bytes + SLACK_BYTES > this.bytes.length) this.#makeRoom(bytes);
    return this.#end;
  }

  /** Makes room for more before it is needed, step by step. */
  *grow(): Iterable<void> {
    const { bytes } = this;
    if (bytes.length < STEP_BYTES || (bytes.length - this.#end) * 6 > bytes.length) return;
    const larger = new Uint8Array(roomFor(bytes.length));
    for (let copied = 0; copied < this.#end; ) {
      const end = Math.min(this.#end, copied + STEP_BYTES);
      larger.set(bytes.subarray(copied, end), copied);
      copied = end;
      if (copied < this.#end) yield;
      // They were moved meanwhile.
      if (this.bytes !== bytes) return;
    }
    this.#adopt(larger);
  }

  /** Takes in the fragment that was written to where {@link reserve} said. */
  add(label: number, id: number, length: number): void {
    if (this.#placeOf(label, id) >= this.#placesEnd(label)) this.#addPlaces(label, id);
    const at = this.#placeOf(label, id) * 2;
    this.places[at] = this.#end;
    this.places[at + 1] = length;
    this.#end += length;
    if (length > (this.longest[label] as number)) this.longest[label] = length;
  }

  forget(label: number, id: number): void {
    const at = this.#placeOf(label, id) * 2 + 1;
    this.#wastedBytes += this.places[at] as number;
    this.places[at] = 0;
  }

  /** Gives memory back when most of it is wasted. */
  tidy(): void {
    if (this.#wastedBytes > 1024 && this.#wastedBytes * 2 > this.#end) this.#gather(0);
  }

  /** Twice as many places for the values of a label, or as many as `id` needs. */
  #addPlaces(label: number, id: number): void {
    const end = this.#placesEnd(label);
    const more = Math.max(end, this.#placeOf(label, id) + 1) - (this.firstPlaces[label] as number);
    const places = new Uint32Array(this.places.length + more * 2);
    places.set(this.places.subarray(0, end * 2));
    places.set(this.places.subarray(end * 2), (end + more) * 2);
    this.places = places;
    for (let next = label + 1; next < this.firstPlaces.length; next++) (this.firstPlaces[next] as number) += more;
  }

  #makeRoom(more: number): void {
    if (this.#wastedBytes * 4 > this.#end) {
      this.#gather(more);
      return;
    }
    // A hundred thousand fragments are copied as one in a hundredth of the time.
    const bytes = new Uint8Array(roomFor(this.#end + more));
    bytes.set(this.bytes.subarray(0, this.#end));
    this.#adopt(bytes);
  }

  /** Copies the fragments in use side by side into new memory that has room for `more` bytes. */
  #gather(more: number): void {
    const bytes = new Uint8Array(roomFor(this.#end - this.#wastedBytes + more));
    let end = 0;
    for (let label = 0; label < this.firstPlaces.length; label++) {
      let longest = 0;
      const placesEnd = this.#placesEnd(label) * 2;
      for (let at = (this.firstPlaces[label] as number) * 2; at < placesEnd; at += 2) {
        const start = this.places[at] as number;
        const length = this.places[at + 1] as number;
        bytes.set(this.bytes.subarray(start, start + length), end);
        this.places[at] = end;
        end += length;
        if (length > longest) longest = length;
      }
      this.longest[label] = longest;
    }
    this.#adopt(bytes);
    this.#end = end;
    this.#wastedBytes = 0;
  }

  #adopt(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/** How much memory to take for fragments of so many bytes: half as much again to spare. */
function roomFor(bytes: number): number {
  const used = bytes + SLACK_BYTES;
  return Math.max(SMALLEST_BYTES, used + (used >>> 1));
}
