// Which format an exposition is written in: the one that its reader wishes most.
import { parseWishes, type Wish } from "./accept.ts";
import type { Format } from "./format.ts";
import { type EscapingScheme, escapingSchemes } from "./name-escaping.ts";
import { openMetricsDialect } from "./openmetrics.ts";
import { openMetrics2Dialect } from "./openmetrics2.ts";
import { PROTOBUF_CONTENT_TYPE, ProtobufExposition } from "./protobuf.ts";
import { textDialect } from "./text.ts";
import { TextExposition } from "./text-exposition.ts";

/** The content type of Prometheus text 0.0.4. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The content type of OpenMetrics text 1.0.0. */
export const OPENMETRICS_CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** What a registry's content type can be, by prom-client's names. */
export type PrometheusContentType = typeof PROMETHEUS_CONTENT_TYPE;
export type OpenMetricsContentType = typeof OPENMETRICS_CONTENT_TYPE;
export type RegistryContentType = PrometheusContentType | OpenMetricsContentType;

/** How a format is written where its reader has no say. */
export interface FormatOptions {
  /** Whether OpenMetrics has samples that say when series began. */
  readonly created: boolean;
}

/** A format that can be asked for. */
interface Offer {
  readonly mediaType: string;
  /** What a reader has to ask for; with a default, where it may be silent. */
  readonly parameters: Readonly<Record<string, { readonly value: string; readonly isDefault?: boolean }>>;
  /** Makes the format, which calls itself by the content type. */
  make(contentType: string, escaping: EscapingScheme, options: FormatOptions): Format;
  /** The content type, without the escaping scheme. */
  readonly contentType: string;
  /** Whether it is no text, and so can't be the format of a registry, whose exposition is a string too. */
  readonly isBinary?: boolean;
  /** Whether only those get it who ask for it by its name: no registry by itself, and nobody who takes anything. */
  readonly isByNameOnly?: boolean;
}

/** What is written for whoever wishes nothing that there is. */
const classic: Offer = {
  mediaType: "text/plain",
  parameters: { version: { value: "0.0.4", isDefault: true } },
  contentType: PROMETHEUS_CONTENT_TYPE,
  make: (contentType, escaping) => new TextExposition(contentType, textDialect(escaping)),
};

/** What can be asked for. Who wishes several of them as much gets the first. */
const offers: readonly Offer[] = [
  classic,
  {
    mediaType: "application/openmetrics-text",
    parameters: { version: { value: "1.0.0", isDefault: true } },
    contentType: OPENMETRICS_CONTENT_TYPE,
    make: (contentType, escaping, { created }) =>
      new TextExposition(contentType, openMetricsDialect(escaping, created)),
  },
  {
    mediaType: "application/openmetrics-text",
    parameters: { version: { value: "2.0.0" } },
    contentType: "application/openmetrics-text; version=2.0.0; charset=utf-8",
    isByNameOnly: true,
    make: (contentType, escaping) => new TextExposition(contentType, openMetrics2Dialect(escaping)),
  },
  {
    mediaType: "text/plain",
    parameters: { version: { value: "1.0.0" } },
    contentType: "text/plain; version=1.0.0; charset=utf-8",
    make: (contentType, escaping) => new TextExposition(contentType, textDialect(escaping)),
  },
  {
    mediaType: "application/vnd.google.protobuf",
    parameters: {
      proto: { value: "io.prometheus.client.MetricFamily" },
      encoding: { value: "delimited" },
    },
    contentType: PROTOBUF_CONTENT_TYPE,
    isBinary: true,
    make: (contentType, escaping) => new ProtobufExposition(contentType, escaping),
  },
];

/** The formats made so far: what a format has planned for a family is kept with it. */
const made = new Map<string, Format>();

function formatOf(offer: Offer, contentType: string, escaping: EscapingScheme, options: FormatOptions): Format {
  const key = `${contentType} ${escaping} ${options.created}`;
  let format = made.get(key);
  if (format === undefined) {
    format = offer.make(contentType, escaping, options);
    made.set(key, format);
  }
  return format;
}

/**
 * The format that a content type names, in just these words; its names are escaped as its `escaping` says, else by
 * underscores. `undefined` where there is none such, or it is no text.
 */
export function formatNamed(contentType: string, options: FormatOptions): Format | undefined {
  const [wish, more] = parseWishes(contentType);
  if (wish === undefined || more !== undefined) return undefined;
  const offer = offers.find(
    (one) =>
      one.isBinary !== true && one.isByNameOnly !== true && one.mediaType === wish.value && hasParameters(one, wish),
  );
  if (offer === undefined) return undefined;
  const scheme = wish.parameters.get("escaping");
  if (scheme !== undefined && !isScheme(scheme)) return undefined;
  if (scheme === undefined) return formatOf(offer, offer.contentType, "underscores", options);
  return formatOf(offer, `${offer.contentType}; escaping=${scheme}`, scheme, options);
}

/**
 * The format that an `Accept` header wishes most, with the names escaped as the same clause says. Whoever says nothing,
 * or takes anything, gets the format of choice; who wants nothing that there is, text 0.0.4. Nothing of the header comes
 * back in the content type, and nothing in it makes this throw.
 *
 * @param preferred the format of choice, as {@link formatNamed} gave it
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept
 */
export function negotiateFormat(accept: string | null | undefined, preferred: Format, options: FormatOptions): Format {
  const wishes = parseWishes(accept ?? "");
  if (wishes.length === 0) return preferred;
  const isPreferred = ({ contentType }: Offer) => preferred.contentType.startsWith(contentType);
  let best: { readonly offer: Offer; readonly wish: Wish; readonly rank: readonly number[] } | undefined;
  for (const offer of [...offers].sort((a, b) => Number(isPreferred(b)) - Number(isPreferred(a)))) {
    const wish = wishFor(offer, wishes);
    if (wish === undefined || wish.weight === 0) continue;
    // Of equal wishes the one that says more counts, and then the one that comes first.
    const rank = [wish.weight, specificity(offer, wish), -wishes.indexOf(wish)];
    if (best === undefined || isAbove(rank, best.rank)) best = { offer, wish, rank };
  }
  if (best === undefined) return formatOf(classic, classic.contentType, "underscores", options);
  const { offer, wish } = best;
  const scheme = wish.parameters.get("escaping");
  if (scheme === undefined && wish.value.includes("*") && isPreferred(offer)) return preferred;
  const escaping = scheme !== undefined && isScheme(scheme) ? scheme : "underscores";
  return formatOf(offer, `${offer.contentType}; escaping=${escaping}`, escaping, options);
}

/** The wish that speaks of an offer most specifically, and of such the strongest. */
function wishFor(offer: Offer, wishes: readonly Wish[]): Wish | undefined {
  let best: Wish | undefined;
  for (const wish of wishes) {
    if (!matches(offer, wish)) continue;
    const rank = [specificity(offer, wish), wish.weight];
    if (best === undefined || isAbove(rank, [specificity(offer, best), best.weight])) best = wish;
  }
  return best;
}

function matches(offer: Offer, wish: Wish): boolean {
  if (wish.value.endsWith("*") && offer.isByNameOnly === true) return false;
  if (wish.value === "*/*") return true;
  if (wish.value === `${offer.mediaType.split("/")[0]}/*`) return true;
  return wish.value === offer.mediaType && hasParameters(offer, wish);
}

function hasParameters({ parameters }: Offer, wish: Wish): boolean {
  return Object.entries(parameters).every(([name, { value, isDefault }]) => {
    const wished = wish.parameters.get(name);
    // Who wants none of a media type wants none of its versions.
    if (wished === undefined) return isDefault === true || wish.weight === 0;
    return wished.toLowerCase() === value.toLowerCase();
  });
}

/** How closely a wish describes an offer. */
function specificity({ parameters }: Offer, wish: Wish): number {
  if (wish.value === "*/*") return 0;
  if (wish.value.endsWith("/*")) return 1;
  return 2 + Object.keys(parameters).filter((name) => wish.parameters.has(name)).length;
}

function isAbove(a: readonly number[], b: readonly number[]): boolean {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i >= 0 && (a[i] as number) > (b[i] as number);
}

function isScheme(text: string): text is EscapingScheme {
  return (escapingSchemes as readonly string[]).includes(text);
}
