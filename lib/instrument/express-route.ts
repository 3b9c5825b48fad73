// The template of an Express route, put together from where its routers are mounted.
//
// Express tells a request the route that matched, `request.route.path`, and where the route's router is mounted,
// `request.baseUrl`: but the latter as it was asked for, parameters and all. So the route is looked for in the tree of
// routers, once, and the mount paths on the way to it are read.

/** What Express 4 and 5, and their routers, have in common here. */
interface Layer {
  readonly route?: object;
  readonly handle?: unknown;
  /** The mount path as declared: since router 2.3. */
  readonly rawPath?: unknown;
  /** In Express 4. */
  readonly regexp?: RegExp;
  readonly keys?: readonly { readonly name: string | number }[];
  /** In Express 5. */
  readonly matchers?: readonly ((path: string) => Match | false)[];
  readonly slash?: boolean;
}

interface Match {
  readonly path: string;
  readonly params: Readonly<Record<string, unknown>>;
}

interface Stacked {
  readonly stack?: readonly Layer[];
}

interface App {
  /** In Express 4. */
  readonly _router?: Stacked;
  /** In Express 5. In Express 4 it throws. */
  readonly router?: Stacked;
  path?(): string;
}

interface ExpressRequest {
  readonly app?: App;
  readonly baseUrl?: unknown;
  readonly route?: { readonly path?: unknown };
}

/** Where a route was found: the mounts that lead to it, and the whole template where they always give the same. */
interface Place {
  readonly mounts: readonly Layer[];
  template: string | undefined;
}

/** The places of the routes that were asked for, by the app that they were found from. */
const found = new WeakMap<object, WeakMap<object, readonly Place[]>>();

/** Deeper than anybody nests routers: stops at one that is mounted in itself. */
const DEEPEST = 16;

/** The template of the route that a request has matched, or `undefined` when there is none, or it can't be told. */
export function expressRoute(request: ExpressRequest): string | undefined {
  const { route } = request;
  if (route === undefined || route === null || route.path === undefined) return undefined;
  const { app, baseUrl } = request;
  const base = typeof baseUrl === "string" ? baseUrl : "";
  // A router without an app, or another framework that speaks like Express: what it is mounted at is not known.
  if (typeof app !== "function") return base === "" ? String(route.path) : undefined;
  const places = placesOf(app, route);
  const place = places.length === 1 ? places[0] : places.find(({ mounts }) => restAfter(mounts, base) === "");
  if (place === undefined) return undefined;
  place.template ??= templateOf(app, place.mounts, base, route.path);
  return place.template;
}

function placesOf(app: App, route: object): readonly Place[] {
  let ofApp = found.get(app);
  if (ofApp === undefined) {
    ofApp = new WeakMap();
    found.set(app, ofApp);
  }
  let places = ofApp.get(route);
  if (places === undefined) {
    places = findRoute(route, stackOf(app), []);
    ofApp.set(route, places);
  }
  return places;
}

function findRoute(route: object, stack: readonly Layer[], mounts: readonly Layer[]): Place[] {
  if (mounts.length > DEEPEST) return [];
  return stack.flatMap((layer) => {
    if (layer.route === route) return [{ mounts, template: undefined }];
    return layer.route === undefined ? findRoute(route, stackOf(layer.handle), [...mounts, layer]) : [];
  });
}

/** The layers of a router or an app; none for mere middleware. */
function stackOf(handle: unknown): readonly Layer[] {
  if (typeof handle !== "function") return [];
  const { stack } = handle as Stacked;
  if (Array.isArray(stack)) return stack;
  if (!("handle" in handle && "set" in handle)) return [];
  // An app. Express 4 throws when asked for its `router`.
  const { _router, router } =
    "lazyrouter" in handle ? { _router: (handle as App)._router, router: undefined } : (handle as App);
  return (_router ?? router)?.stack ?? [];
}

function templateOf(app: App, mounts: readonly Layer[], base: string, path: unknown): string | undefined {
  // Apps know where they are mounted in others, but not in routers; then something is left over.
  const appPath = app.path?.() ?? "";
  if (appPath === "" && base !== "" && restAfter(mounts, base) !== "") return undefined;
  const parts: string[] = [appPath];
  let rest = base;
  for (const mount of mounts) {
    const part = mountPath(mount, rest);
    if (part === undefined) return undefined;
    parts.push(part);
    rest = restAfter([mount], rest) ?? "";
  }
  const prefix = parts.map((part) => part.replace(/\/$/, "")).join("");
  const whole = prefix !== "" && path === "/" ? prefix : prefix + String(path);
  return whole === "" ? "/" : whole;
}

/** What a path has left after the mounts that it leads through; `undefined` when it does not. */
function restAfter(mounts: readonly Layer[], path: string): string | undefined {
  let rest = path;
  for (const mount of mounts) {
    const matched = matchOf(mount, rest);
    if (matched === undefined) return undefined;
    rest = rest.slice(matched.length);
  }
  return rest;
}

function isEverywhere({ slash, regexp }: Layer): boolean {
  return slash === true || (regexp as { readonly fast_slash?: boolean } | undefined)?.fast_slash === true;
}

/** What of a path a mount takes. Layers keep their last match for themselves, so they are not asked for it. */
function matchOf(mount: Layer, path: string): string | undefined {
  if (isEverywhere(mount)) return "";
  if (mount.regexp !== undefined) return mount.regexp.exec(path)?.[0];
  return firstMatch(mount.matchers, path)?.path;
}

function firstMatch(matchers: Layer["matchers"] = [], path: string): Match | undefined {
  for (const matcher of matchers) {
    const match = matcher(path);
    if (match !== false) return match;
  }
  return undefined;
}

/** The path that a router was mounted at, as declared; `undefined` where it can't be told. */
function mountPath(mount: Layer, rest: string): string | undefined {
  if (isEverywhere(mount)) return "";
  if (mount.rawPath !== undefined) return String(mount.rawPath);
  if (mount.regexp !== undefined) return pathOfRegExp(mount.regexp, mount.keys ?? []);
  return probedPath(mount.matchers, rest);
}

/**
 * The path that Express 4 made a regular expression of: groups become the names of their parameters again. One that it did
 * not make is told as it is.
 */
function pathOfRegExp({ source, flags }: RegExp, keys: NonNullable<Layer["keys"]>): string {
  const whole = /^\^(.*?)(?:\\\/)?\?\(\?=\\\/\|\$\)$/.exec(source)?.[1];
  const asItIs = `/${source}/${flags}`;
  if (whole === undefined) return asItIs;
  let path = "";
  let key = 0;
  for (let i = 0; i < whole.length; i++) {
    const char = whole[i] as string;
    if (char === "\\") path += whole[++i];
    else if (whole.startsWith("(?:", i)) i += 2;
    else if (char === "(") {
      i = endOfGroup(whole, i);
      path += `:${keys[key++]?.name ?? ""}`;
    } else if (char === ")" || char === "?") continue;
    else if (/[\^$.*+[\]{}|]/.test(char)) return asItIs;
    else path += char;
  }
  return path;
}

function endOfGroup(source: string, start: number): number {
  let depth = 0;
  let isInClass = false;
  for (let i = start; i < source.length; i++) {
    const char = source[i];
    if (char === "\\") i++;
    else if (isInClass) isInClass = char !== "]";
    else if (char === "[") isInClass = true;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return i;
  }
  return source.length;
}

/** Stands for a parameter in a path that is tried. */
const PROBE = "tallystick-probe";

/**
 * The mount path of routers before 2.3, which keep it where nobody can see: of the path that matched, the segments that
 * can be anything are parameters. As letters count alike in such routers, unless told otherwise, they are made small, or
 * who asks first would choose the label.
 */
function probedPath(matchers: Layer["matchers"] = [], rest: string): string | undefined {
  const match = firstMatch(matchers, rest);
  if (match === undefined) return undefined;
  const segments = match.path.split("/");
  const names = segments.map((_, i) => {
    const tried = firstMatch(matchers, segments.with(i, PROBE).join("/"));
    return Object.entries(tried?.params ?? {}).find(([, value]) => value === PROBE)?.[0];
  });
  const known = new Set(names.filter((name) => name !== undefined));
  // A parameter that is but a part of a segment, or several of them: then the path can't be told.
  if (Object.keys(match.params).some((name) => !known.has(name))) return undefined;
  const isLoose = firstMatch(matchers, match.path.toUpperCase()) !== undefined;
  return segments
    .map((segment, i) => (names[i] === undefined ? (isLoose ? segment.toLowerCase() : segment) : `:${names[i]}`))
    .join("/");
}
