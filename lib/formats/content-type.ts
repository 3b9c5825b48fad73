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
