// Where something stands in UTF-8, for the errors of the readers.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How many characters some bytes are. An emoji is one. */
export function countCharacters(bytes: Uint8Array): number {
  let count = 0;
  for (const _ of decoder.decode(bytes)) count++;
  return count;
}

/** The offset of the first byte that is no part of UTF-8. Only for bytes that have one. */
export function invalidUtf8(bytes: Uint8Array): number {
  // The lenient decoder puts U+FFFD there, which is an error unless it really stands in the bytes.
  let at = 0;
  for (const character of decoder.decode(bytes)) {
    if (character === "\ufffd" && !(bytes[at] === 0xef && bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd)) break;
    const code = character.codePointAt(0) as number;
    at += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return at;
}
