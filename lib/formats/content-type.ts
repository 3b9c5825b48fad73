/** The formats that can be read. */
export type ReadableFormat = "text" | "openmetrics" | "protobuf";

/**
 * Which format a `Content-Type` header says that a body has.
 *
 * @throws {RangeError} for one that can't be read
 */
export function formatOf(contentType: string): ReadableFormat {
  const [mediaType = "", ...rest] = contentType.split(";").map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf("=");
    if (equals < 0) continue;
    const value = part.slice(equals + 1).trim();
    parameters.set(part.slice(0, equals).trim().toLowerCase(), value.replace(/^"(.*)"$/, "$1"));
  }
  const is = (name: string, ...values: readonly string[]) => {
    const value = parameters.get(name);
    return value === undefined || values.includes(value);
  };
  switch (mediaType.toLowerCase()) {
    case "text/plain":
      if (is("version", "0.0.4", "1.0.0")) return "text";
      break;
    case "application/openmetrics-text":
      // 0.0.1 is what servers called it that were written before the version 1.0.0 was.
      if (is("version", "0.0.1", "1.0.0")) return "openmetrics";
      break;
    case "application/vnd.google.protobuf":
      if (is("proto", "io.prometheus.client.MetricFamily") && is("encoding", "delimited")) return "protobuf";
      break;
    default:
  }
  throw new RangeError(
    `Content type ${JSON.stringify(contentType)} can't be read. It must be text/plain (version 0.0.4 or 1.0.0), ` +
      "application/openmetrics-text (1.0.0) or application/vnd.google.protobuf (a delimited io.prometheus.client.MetricFamily).",
  );
}

/** A content type for each format that can be read, for an input that came without one. */
export const contentTypes: { readonly [Format in ReadableFormat]: string } = {
  text: "text/plain; version=1.0.0; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  protobuf: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

/** The format that an exposition seems to have, by its first bytes and its last line. */
export function guessFormat(bytes: Uint8Array): ReadableFormat {
  if (startsLikeProtobuf(bytes)) return "protobuf";
  const end = new TextDecoder().decode(bytes.subarray(-16));
  return /(?:^|\n)# EOF\n?$/.test(end) ? "openmetrics" : "text";
}

/** Whether the bytes begin with the length of a message, and that with a name, and behind that is another field. */
function startsLikeProtobuf(bytes: Uint8Array): boolean {
  const message = varintAt(bytes, 0);
  const name = varintAt(bytes, message.end + 1);
  const next = bytes[name.end + name.value] ?? 0;
  // Of text, the byte behind a newline would have to say how far it is to a control character.
  return bytes[message.end] === 0x0a && name.value > 0 && [0x12, 0x18, 0x22].includes(next);
}

function varintAt(bytes: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[at + i] ?? 0;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: at + i + 1 };
  }
  return { value, end: at + 5 };
}
