// The part of the page's script that remembers what was read, and makes rates and quantiles of it.

/** Names only from here: `History`, `viewOf`, `matches`. */
export const HISTORY: string = `
/** How many numbers are remembered of a family, and how many moments at the most. */
const MOST_NUMBERS = 20000;
const MOST_FRAMES = 150;
/** Lines in a chart. */
const MOST_LINES = 8;

/** One family's series at the moments it was asked for. */
class History {
  constructor() { this.frames = []; }

  add(time, series) {
    this.frames.push({ time, series });
    const most = Math.max(2, Math.min(MOST_FRAMES, Math.floor(MOST_NUMBERS / Math.max(1, series.size))));
    if (this.frames.length > most) this.frames.splice(0, this.frames.length - most);
  }
}

/** Collects the samples of a poll into series: by their labels, without le and quantile. */
function seriesCollector() {
  const byFamily = new Map();
  const add = (family, { name, labels, value }) => {
    let all = byFamily.get(family.name);
    if (all === undefined) byFamily.set(family.name, (all = new Map()));
    const isParts = family.type === "histogram" || family.type === "summary";
    const rank = family.type === "histogram" ? "le" : "quantile";
    let at;
    if (isParts && labels.has(rank)) { at = labels.get(rank); labels.delete(rank); }
    const key = JSON.stringify([...labels]);
    let series = all.get(key);
    if (series === undefined) all.set(key, (series = { labels, parts: new Map() }));
    const part = !isParts ? "value" : at !== undefined ? at : name.slice(family.name.length + 1);
    series.parts.set(part, value);
  };
  return { byFamily, add };
}

/** Whether a series is one of those looked for: by conditions name=text. */
function matches(labels, conditions) {
  return conditions.every(([name, text]) => (labels.get(name) || "").toLowerCase().includes(text));
}

/** What a gauge that is a fact or a state looks like in a format that has neither. */
function kindOf(family, series) {
  if (family.type !== "gauge") return family.type === "untyped" ? "gauge" : family.type;
  if (family.name.endsWith("_info")) return "info";
  return series.size > 0 && [...series.values()].every(({ labels }) => labels.has(family.name)) ? "stateset" : "gauge";
}

/** The series that are looked for, added up by a label; "" for each series by itself. */
function groupsOf(series, conditions, groupBy) {
  const groups = new Map();
  for (const { labels, parts } of series.values()) {
    if (!matches(labels, conditions)) continue;
    const text = [...labels].map(([name, value]) => name + "=" + value).join(" ");
    const name = groupBy === "" ? text : groupBy === "*" ? "all" : labels.get(groupBy) || "(none)";
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = { name, labels, parts: new Map() }));
    for (const [part, value] of parts) group.parts.set(part, (group.parts.get(part) || 0) + value);
  }
  return groups;
}

/** How much was counted from one moment to the next; undefined where the count began anew. */
function increase(before, after) {
  return before === undefined || after === undefined || after < before ? undefined : after - before;
}

/** The buckets of a group over some moments: what fell into each alone. */
function bucketsBetween(before, after) {
  const bounds = [...after.parts.keys()].filter((part) => part !== "sum" && part !== "count")
    .map((part) => ({ part, bound: numberOf(part) })).sort((a, b) => a.bound - b.bound);
  let below = 0;
  const buckets = [];
  for (const { part, bound } of bounds) {
    const upTo = increase(before === undefined ? 0 : before.parts.get(part) || 0, after.parts.get(part));
    if (upTo === undefined) return [];
    buckets.push({ bound, count: Math.max(0, upTo - below) });
    below = upTo;
  }
  return buckets;
}

/** A quantile of buckets, on a straight line within one, as Prometheus reckons it. */
function quantileOf(buckets, quantile) {
  const total = buckets.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return NaN;
  let rank = quantile * total;
  for (let i = 0; i < buckets.length; i++) {
    const { bound, count } = buckets[i];
    if (rank > count || count === 0) { rank -= count; continue; }
    const from = i === 0 ? Math.min(0, bound) : buckets[i - 1].bound;
    if (bound === Infinity) return from;
    return from + (bound - from) * (rank / count);
  }
  return buckets.length > 1 ? buckets[buckets.length - 2].bound : NaN;
}

/**
 * What a card shows: lines over time, each with its latest value, or the buckets of a histogram over time.
 * { kind, times, lines: [{ name, values, last }], heat: [{ bound, counts }], rows, hidden }
 */
function viewOf(family, history, conditions, groupBy) {
  const frames = history === undefined ? [] : history.frames;
  const latest = frames[frames.length - 1];
  if (latest === undefined) return undefined;
  const kind = kindOf(family, latest.series);
  // Quantiles can't be added up, and buckets are shown together.
  const by = kind === "histogram" ? "*" : kind === "summary" ? "" : groupBy;
  const grouped = frames.map((frame) => groupsOf(frame.series, conditions, by));
  const now = grouped[grouped.length - 1];
  const times = frames.map(({ time }) => time);
  const view = { kind, times, lines: [], heat: [], hidden: 0, total: now.size };
  if (kind === "info") {
    view.facts = [...now.values()].map(({ labels }) => [...labels]);
    return view;
  }
  if (kind === "histogram") {
    const all = grouped.map((groups) => groups.get("all"));
    const steps = all.map((group, i) => (i === 0 || !group || !all[i - 1] ? [] : bucketsBetween(all[i - 1], group)));
    view.heat = steps;
    // Quantiles are over all that is remembered, and since the start as long as that is one moment.
    view.lines = [0.5, 0.9, 0.99].map((quantile) => ({
      name: "p" + quantile * 100,
      values: all.map((group, i) => {
        const from = all[Math.max(0, i - 15)];
        return group === undefined || i === 0 ? NaN : quantileOf(bucketsBetween(from, group), quantile);
      }),
    }));
    const last = all[all.length - 1];
    const first = all.length > 1 ? all[0] : undefined;
    for (const line of view.lines) {
      line.last = line.values[line.values.length - 1];
      if (Number.isNaN(line.last) && last !== undefined) {
        line.last = quantileOf(bucketsBetween(undefined, last), Number(line.name.slice(1)) / 100);
        line.isOverall = true;
      }
    }
    if (last !== undefined && first !== undefined) {
      const counted = increase(first.parts.get("count"), last.parts.get("count"));
      view.rate = counted === undefined ? undefined : counted / ((times[times.length - 1] - times[0]) / 1000);
    }
    view.count = last === undefined ? 0 : last.parts.get("count");
    return view;
  }
  const partOf = (group, part) => (group === undefined ? undefined : group.parts.get(part));
  const lineOf = (name, group, part, isRate) => {
    const raw = grouped.map((groups) => partOf(groups.get(group), part));
    const values = raw.map((value, i) => {
      if (!isRate) return value === undefined ? NaN : value;
      const counted = i === 0 ? undefined : increase(raw[i - 1], value);
      return counted === undefined ? NaN : counted / ((times[i] - times[i - 1]) / 1000);
    });
    return { name, values, last: values[values.length - 1], total: isRate ? raw[raw.length - 1] : undefined };
  };
  for (const group of now.values()) {
    if (kind === "summary") {
      const quantiles = [...group.parts.keys()].filter((part) => part !== "sum" && part !== "count");
      const names = quantiles.length > 0 ? quantiles : ["count"];
      for (const part of names) {
        const what = part === "count" ? "per second" : "p" + Number((Number(part) * 100).toPrecision(6));
        view.lines.push(lineOf([group.name, what].filter((text) => text !== "" && text !== "all").join(" "), group.name, part, part === "count"));
      }
    } else {
      view.lines.push(lineOf(group.name || "value", group.name, "value", kind === "counter"));
    }
  }
  const size = ({ last, total }) => Math.abs(Number.isNaN(last) ? 0 : last) || (total || 0) * 1e-9;
  if (kind !== "summary") view.lines.sort((a, b) => size(b) - size(a));
  view.hidden = Math.max(0, view.lines.length - MOST_LINES);
  view.lines.length = Math.min(view.lines.length, MOST_LINES);
  return view;
}
`;
