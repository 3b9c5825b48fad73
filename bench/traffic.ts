// What the metrics are fed with: label sets, values and requests, the same for every contender and in every run.

/** Numbers in 0…1 that look random and are the same in every run. */
export function seededRandom(seed = 1): () => number {
  let state = seed | 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

/** The string as V8 keeps a literal of the source: found by its address, not by its characters. */
function likeLiteral(text: string): string {
  return Object.keys({ [text]: 1 })[0] as string;
}

/** The same text in a string that V8 has not seen before, as one that was just read from a socket. */
export function likeSliced(text: string): string {
  return Buffer.from(text, "latin1").toString("latin1");
}

const methods = ["GET", "POST", "PUT", "DELETE"];
const statuses = ["200", "201", "404", "500", "503"];
const hosts = ["web-a", "web-b", "web-c"];
const zones = ["eu-west-1a", "eu-west-1b"];

export const labelNames = ["method", "route", "status", "host", "zone"] as const;

export interface LabelColumns {
  readonly method: readonly string[];
  readonly route: readonly string[];
  readonly status: readonly string[];
  readonly host: readonly string[];
  readonly zone: readonly string[];
}

/**
 * The label values of `count` series, no two the same in their first `labels` labels. The strings are like literals in a
 * program: made once, and shared by all series that have them.
 */
export function labelColumns(count: number, labels = 3): LabelColumns {
  const perRoute = [1, 1, methods.length, methods.length * statuses.length][Math.min(labels, 3)] as number;
  const routes = Array.from({ length: Math.ceil(count / perRoute) }, (_, i) =>
    likeLiteral(`/api/v1/resource${i}/items`),
  );
  const column = (textAt: (i: number) => string) => Array.from({ length: count }, (_, i) => textAt(i));
  const firstIsRoute = labels === 1;
  const route = column((i) => routes[Math.floor(i / perRoute)] as string);
  return {
    // With one label alone it is the first one that must tell the series apart.
    method: firstIsRoute ? route : column((i) => methods[i % 4] as string),
    route,
    status: column((i) => statuses[(i >> 2) % 5] as string),
    host: column((i) => hosts[i % 3] as string),
    zone: column((i) => zones[i % 2] as string),
  };
}

/** Indices below `count` in random order, long enough that no predictor learns them; its length is a power of two. */
export function randomOrder(count: number, length = 1 << 16): Int32Array {
  const random = seededRandom(7);
  return Int32Array.from({ length }, () => Math.floor(random() * count));
}

/** Durations in seconds as a web service has them: log-normal around 40 ms. Its length is a power of two. */
export function durations(length = 1 << 13): Float64Array {
  const random = seededRandom(3);
  return Float64Array.from({ length }, () => 0.04 * Math.exp((random() + random() + random() - 1.5) * 2));
}

/** Whole numbers from 0 to 1.2 million, small ones as frequent as large ones. */
export function integers(length = 1 << 13): Float64Array {
  const random = seededRandom(5);
  return Float64Array.from({ length }, () => Math.floor(Math.exp(random() * 14)) - 1);
}

/** Doubles of 16 or 17 significant digits. */
export function longDoubles(length = 1 << 13): Float64Array {
  const random = seededRandom(11);
  const next = () => {
    for (;;) {
      const value = (random() + random() / 0x100000000) * 1000;
      if (String(value).replace(/^0?\.?0*|\./g, "").length >= 16) return value;
    }
  };
  return Float64Array.from({ length }, next);
}

/** Amounts with two decimals, as of money. */
export function decimals(length = 1 << 13): Float64Array {
  const random = seededRandom(13);
  return Float64Array.from({ length }, () => Math.round(random() * 1e6) / 100);
}

/** Lines as a server meets them, from which a caller cuts its label values by {@link cutLine}. */
export function requestLines({ method, route, status }: LabelColumns): string[] {
  return method.map((value, i) => likeSliced(`${value} ${route[i]} ${status[i]}`));
}

/** Method, route and status of a line: three strings that V8 has not seen before. */
export function cutLine(line: string): { method: string; route: string; status: string } {
  const first = line.indexOf(" ");
  const last = line.length - 4;
  return { method: line.slice(0, first), route: line.slice(first + 1, last), status: line.slice(last + 1) };
}

export interface Requests {
  readonly method: readonly string[];
  readonly route: readonly string[];
  readonly status: readonly number[];
  readonly seconds: Float64Array;
  readonly sizeBytes: Float64Array;
}

/**
 * Requests as a web service gets them: a few of the 30 routes get most (Zipf), three in four are a GET, 93 % are a 200.
 * Their number is a power of two.
 */
export function requests(length = 1 << 14): Requests {
  const random = seededRandom(17);
  const routes = Array.from({ length: 30 }, (_, i) => likeLiteral(`/api/v1/resource${i}/items`));
  const weights = routes.map((_, i) => 1 / (i + 1));
  const total = weights.reduce((a, b) => a + b);
  const route = () => {
    let at = random() * total;
    for (let i = 0; i < routes.length; i++) {
      at -= weights[i] as number;
      if (at <= 0) return routes[i] as string;
    }
    return routes[0] as string;
  };
  const pick = <T>(common: T, share: number, others: readonly T[]) =>
    random() < share ? common : (others[Math.floor(random() * others.length)] as T);
  return {
    method: Array.from({ length }, () => pick("GET", 0.75, ["POST", "PUT", "DELETE"])),
    route: Array.from({ length }, route),
    status: Array.from({ length }, () => pick(200, 0.93, [201, 304, 404, 500])),
    seconds: durations(length),
    sizeBytes: Float64Array.from({ length }, () => Math.floor(random() * 50_000)),
  };
}
