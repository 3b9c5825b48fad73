// The part of the page's script that is the page: what is asked when, and what is shown where.

/** The page itself, run at once. */
export const PAGE: string = String.raw`
/** @returns {any} */
const $ = (id) => document.getElementById(id);
/** More families are not asked for at a time: as many as a large screen shows, and fewer than the server refuses. */
const MOST_ASKED = 120;
/** How often everything is counted anew, in milliseconds. */
const SURVEY_EVERY = 60000;

const state = {
  families: new Map(), cards: new Map(), histories: new Map(), visible: new Set(), groupBy: new Map(),
  words: [], conditions: [], group: "", worker: "", isPaused: false, lostSince: undefined, surveyed: 0, started: undefined,
};

function node(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** The group of a name: its first word. */
function groupOf({ name }) { return name.split(/[_:]/, 1)[0] || name; }

/** What the process is made of comes after what it does. */
const RUNTIME = new Set(["nodejs", "process", "v8js", "tallystick"]);
/** 1 for those, 0 for others: what comes later has the higher. */
function rankOf(group) { return RUNTIME.has(group) ? 1 : 0; }

function isShown(family) {
  if (state.group !== "" && groupOf(family) !== state.group) return false;
  const text = (family.name + " " + family.help).toLowerCase();
  return state.words.every((word) => text.includes(word)) && state.conditions.every(([name]) => family.labels.has(name));
}

function conditionsOf() {
  return state.worker === "" ? state.conditions : [...state.conditions, ["worker", state.worker]];
}

// — cards —

function cardOf(family) {
  const head = node("h2", { textContent: family.name, id: "h-" + family.name });
  const meta = node("div", { className: "meta" });
  const help = node("p", { className: "help", textContent: family.help });
  const body = node("div", { className: "body" });
  const card = node("article", { className: "card" }, head, meta, help, body);
  card.setAttribute("aria-labelledby", head.id);
  const made = { family, card, meta, body, picker: undefined };
  card.dataset.name = family.name;
  dress(made);
  return made;
}

/** What a card says of its family; the family may have been counted anew. */
function dress(made) {
  const { family, meta } = made;
  const kind = { untyped: "unknown", stateset: "state set" }[made.kind || family.type] || made.kind || family.type;
  const chips = [kind, unitOf(family.name), family.series === 1 ? "1 series" : family.series.toLocaleString() + " series"];
  const names = [...family.labels].filter((name) => name !== "le" && name !== "quantile" && name !== family.name);
  meta.replaceChildren(...chips.filter(Boolean).map((text) => node("span", { className: "chip", textContent: text })));
  if (names.length > 0 && (kind === "counter" || kind === "gauge" || kind === "unknown") && !isMoment(family)) {
    const picker = node("select", {}, node("option", { value: "", textContent: "each series" }), node("option", { value: "*", textContent: "all added up" }),
      ...names.map((name) => node("option", { value: name, textContent: "by " + name })));
    picker.setAttribute("aria-label", "How to group " + family.name);
    picker.value = state.groupBy.get(family.name) || "";
    picker.addEventListener("change", () => { state.groupBy.set(family.name, picker.value); show(made); });
    meta.append(picker);
  }
}

function table(caption, heads, rows) {
  const row = (cells) => node("tr", {}, ...cells);
  return node("table", { className: "rows" },
    node("caption", { className: "sr", textContent: caption }),
    node("thead", {}, row(heads.map((text) => node("th", { textContent: text, scope: "col" })))),
    node("tbody", {}, ...rows.map(([name, swatch, ...cells]) => row([
      node("th", { scope: "row" }, ...(swatch === undefined ? [] : [paint(swatch)]), name),
      ...cells.map((text) => node("td", { textContent: text })),
    ]))));
}

function paint(i) {
  const swatch = node("span", { className: "swatch" });
  swatch.style.setProperty("background", "var(--c" + (i % 8) + ")");
  swatch.setAttribute("aria-hidden", "true");
  return swatch;
}

function clip(text) { return text.length > 160 ? text.slice(0, 160) + "…" : text; }

/** What is told in words and not drawn: facts, states, moments. */
function wordsOf(family, view) {
  if (view.kind === "info") {
    return { heads: ["label", "value"], rows: view.facts.slice(0, 8).flatMap((labels) => labels.map(([name, value]) => [name, undefined, clip(value)])) };
  }
  if (view.kind === "stateset") {
    return { heads: ["state", "now"], rows: view.lines.map(({ name, last }) => [clip(name.replace(family.name + "=", "")), undefined, last === 1 ? "on" : "off"]) };
  }
  if (!isMoment(family)) return undefined;
  const ago = (value) => say(Math.max(0, Date.now() / 1000 - value), "seconds") + " ago";
  return { heads: ["series", "at", "that is"], rows: view.lines.map(({ name, last }) => [clip(name), undefined, sayOf(family, last), last > 0 ? ago(last) : "–"]) };
}

/** Fills a card with what is known now. */
function show(made) {
  const { family, body } = made;
  const view = viewOf(family, state.histories.get(family.name), conditionsOf(), state.groupBy.get(family.name) || "");
  if (view === undefined) return;
  if (made.kind !== view.kind) {
    made.kind = view.kind;
    dress(made);
  }
  const unit = unitOf(family.name);
  if (view.total === 0) {
    body.replaceChildren(node("p", { className: "empty", textContent: "None of its series is looked for." }));
    return;
  }
  const words = wordsOf(family, view);
  if (words !== undefined) {
    const told = table(family.name, words.heads, words.rows);
    told.classList.add("words");
    body.replaceChildren(told);
    return;
  }
  let canvas = body.querySelector("canvas");
  if (canvas === null) {
    canvas = node("canvas", {});
    canvas.setAttribute("role", "img");
    body.replaceChildren(canvas);
  }
  const isHistogram = view.kind === "histogram";
  const isRate = view.kind === "counter";
  const rows = view.lines.map((line, i) => {
    const cells = [sayOf(family, line.last) + (isRate && line.last === line.last ? "/s" : "")];
    if (isRate) cells.push(say(line.total, unit));
    return [clip(line.name) + (line.isOverall ? " since the start" : ""), isHistogram ? undefined : i, ...cells];
  });
  if (isHistogram) {
    rows.push(["observations", undefined, say(view.count, "") + (view.rate === undefined ? "" : ", " + say(view.rate, "") + "/s")]);
  }
  if (view.hidden > 0) rows.push(["and " + view.hidden.toLocaleString() + " more", undefined, ...(isRate ? ["", ""] : [""])]);
  const heads = isRate ? ["series", "per second", "in all"] : [isHistogram ? "of the last moments" : "series", "now"];
  canvas.setAttribute("aria-label", family.name + ": " + rows.slice(0, 4).map(([name, , value]) => name + " " + value).join(", "));
  const old = body.querySelector("table");
  const made2 = table(family.name, heads, rows);
  if (old === null) body.append(made2);
  else old.replaceWith(made2);
  if (isHistogram) drawHeat(canvas, view, unit);
  else drawLines(canvas, view, unit);
}

// — the list —

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const name = target.getAttribute("data-name");
    if (isIntersecting) state.visible.add(name);
    else {
      state.visible.delete(name);
      const made = state.cards.get(name);
      // What is out of sight costs nothing; its history stays.
      if (made !== undefined) made.body.replaceChildren();
    }
    if (isIntersecting && state.cards.has(name)) show(state.cards.get(name));
  }
  hurry();
}, { rootMargin: "200px" });

function arrange() {
  const shown = [...state.families.values()].filter(isShown);
  const names = new Set(shown.map(({ name }) => name));
  for (const [name, { card }] of state.cards) {
    if (names.has(name)) continue;
    watcher.unobserve(card);
    card.remove();
    state.cards.delete(name);
    state.visible.delete(name);
  }
  const list = $("list");
  let before = null;
  for (const family of shown.toReversed()) {
    let made = state.cards.get(family.name);
    if (made === undefined) {
      made = cardOf(family);
      state.cards.set(family.name, made);
      watcher.observe(made.card);
    } else if (made.family !== family) {
      made.family = family;
      dress(made);
    }
    if (made.card.nextSibling !== before || made.card.parentNode !== list) list.insertBefore(made.card, before);
    before = made.card;
  }
  const empty = list.querySelector(".empty");
  if (empty !== null) empty.remove();
  if (shown.length === 0) {
    const text = state.families.size === 0 ? "Nothing is exposed yet." : "Nothing fits what is looked for.";
    list.append(node("p", { className: "empty", textContent: text }));
  }
}

function nameGroups() {
  const counts = new Map();
  for (const family of state.families.values()) counts.set(groupOf(family), (counts.get(groupOf(family)) || 0) + 1);
  const button = (group, title, count) => {
    const made = node("button", { type: "button" }, node("span", { textContent: title }), node("span", { textContent: count }));
    made.setAttribute("aria-current", String(state.group === group));
    made.addEventListener("click", () => { state.group = group; nameGroups(); arrange(); });
    return node("li", {}, made);
  };
  const focused = [...$("groups").querySelectorAll("button")].findIndex((one) => one === document.activeElement);
  $("groups").replaceChildren(button("", "Everything", state.families.size),
    ...[...counts].sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1)).map(([group, count]) => button(group, group, count)));
  if (focused >= 0) $("groups").querySelectorAll("button")[focused]?.focus();
}

// — asking —

/** Counts everything that is exposed: seldom, for it is the whole exposition. */
async function survey() {
  const start = performance.now();
  const { families, bytes } = await read(await ask(undefined, AbortSignal.timeout(30000)));
  state.surveyed = performance.now();
  state.families = new Map([...families].sort(([, a], [, b]) => rankOf(groupOf(a)) - rankOf(groupOf(b))));
  let series = 0;
  for (const family of families.values()) series += family.series;
  const fact = (value, what) => [node("b", { textContent: value }), " " + what];
  const ms = Math.round(performance.now() - start);
  $("facts").replaceChildren(...[
    fact(families.size.toLocaleString(), "metrics"), fact(series.toLocaleString(), "series"),
    fact(say(bytes, "bytes"), ""), fact(ms + " ms", "for a scrape"),
  ].map((parts) => node("span", {}, ...parts)));
  const workers = [...families.values()].some(({ labels }) => labels.has("worker"));
  $("worker-label").hidden = !workers;
  nameGroups();
  arrange();
}

/** Asks for the families in sight. */
async function poll() {
  const always = ["tallystick_collector_errors_total", "process_start_time_seconds"].filter((name) => state.families.has(name));
  const names = [...new Set([...always, ...[...state.visible].slice(0, MOST_ASKED)])].filter((name) => state.families.has(name));
  if (names.length === 0) return;
  const { byFamily, add } = seriesCollector();
  await read(await ask(names, AbortSignal.timeout(10000)), add);
  const now = Date.now();
  for (const [name, series] of byFamily) {
    let history = state.histories.get(name);
    if (history === undefined) state.histories.set(name, (history = new History()));
    history.add(now, series);
  }
  for (const name of state.histories.keys()) if (!state.families.has(name)) state.histories.delete(name);
  noteWorkers(byFamily);
  noteFailures(byFamily.get("tallystick_collector_errors_total"));
  noteRestart(byFamily.get("process_start_time_seconds"));
  for (const name of state.visible) if (state.cards.has(name)) show(state.cards.get(name));
}

function noteWorkers(byFamily) {
  const picker = $("worker");
  const known = new Set([...picker.options].map(({ value }) => value));
  if (!known.has("")) picker.append(node("option", { value: "", textContent: "all" }));
  for (const series of byFamily.values()) for (const { labels } of series.values()) {
    const worker = labels.get("worker");
    if (worker === undefined || known.has(worker)) continue;
    known.add(worker);
    picker.append(node("option", { value: worker, textContent: worker }));
  }
}

function noteFailures(series) {
  const failing = series === undefined ? [] : [...series.values()].map(({ labels }) => clip(labels.get("collector") || "?"));
  // How often is not told: each change would be read aloud.
  const text = failing.length === 0 ? "" : "Collectors that failed: " + failing.join(", ");
  if ($("failing").textContent !== text) $("failing").textContent = text;
  $("failing").hidden = text === "";
}

function noteRestart(series) {
  const started = series === undefined ? undefined : Math.max(...[...series.values()].map(({ parts }) => parts.get("value")));
  if (state.started !== undefined && started !== undefined && started !== state.started) {
    state.histories.clear();
    state.surveyed = 0;
  }
  state.started = started ?? state.started;
}

function tell(kind, text) {
  $("state").dataset.state = kind;
  if ($("say").textContent !== text) $("say").textContent = text;
}

let timer;
let isAsking = false;

async function turn() {
  clearTimeout(timer);
  if (isAsking) return;
  if (state.isPaused || document.hidden) return;
  isAsking = true;
  try {
    if (state.surveyed === 0 || performance.now() - state.surveyed > SURVEY_EVERY) await survey();
    await poll();
    state.lostSince = undefined;
    if (!state.isPaused) tell("live", "Live");
  } catch (error) {
    state.lostSince ??= new Date();
    // What comes after a restart may be something else.
    state.surveyed = 0;
    if (!state.isPaused) tell("lost", "Lost the server at " + state.lostSince.toLocaleTimeString() + ", trying again");
  } finally {
    isAsking = false;
    clearTimeout(timer);
    if (!state.isPaused) timer = setTimeout(turn, Number($("every").value));
  }
}

/** Asks soon, for something came into sight. */
let hurrying;
function hurry() {
  clearTimeout(hurrying);
  hurrying = setTimeout(turn, 120);
}

// — what people do —

function search() {
  const terms = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  state.words = terms.filter((term) => !/^[^=]+=/.test(term));
  state.conditions = terms.filter((term) => /^[^=]+=/.test(term)).map((term) => [term.slice(0, term.indexOf("=")), term.slice(term.indexOf("=") + 1)]);
  arrange();
  for (const name of state.visible) if (state.cards.has(name)) show(state.cards.get(name));
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  for (const name of state.visible) if (state.cards.has(name)) show(state.cards.get(name));
}

$("search").addEventListener("input", search);
$("worker").addEventListener("change", () => { state.worker = $("worker").value; search(); });
$("every").addEventListener("change", turn);
$("pause").addEventListener("click", () => {
  state.isPaused = !state.isPaused;
  $("pause").setAttribute("aria-pressed", String(state.isPaused));
  if (state.isPaused) tell("paused", "Paused");
  turn();
});
$("theme").addEventListener("click", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("tallystick-theme", theme); } catch { /* then it is not remembered */ }
  setTheme(theme);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || document.activeElement.matches("input, select")) return;
  event.preventDefault();
  $("search").focus();
});
document.addEventListener("visibilitychange", turn);
addEventListener("resize", () => { for (const name of state.visible) if (state.cards.has(name)) show(state.cards.get(name)); });

// The list of groups stays below the header, which is higher where its parts need more lines.
const header = document.querySelector("header");
new ResizeObserver(() => document.documentElement.style.setProperty("--header", header.offsetHeight + "px")).observe(header);

let theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
try { theme = localStorage.getItem("tallystick-theme") || theme; } catch { /* storage may be forbidden */ }
setTheme(theme);
turn();
`;
