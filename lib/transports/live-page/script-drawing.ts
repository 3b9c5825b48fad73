// The part of the page's script that draws: lines over time, the buckets of a histogram over time, and numbers in words.

/** Names only from here: `drawLines`, `drawHeat`, `say`. */
export const DRAWING: string = `
const style = getComputedStyle(document.documentElement);
function colour(name) { return style.getPropertyValue("--" + name).trim(); }

/** The unit that a name ends in. */
function unitOf(name) {
  const base = name.replace(/_total$/, "");
  return ["seconds", "bytes", "ratio"].find((unit) => base.endsWith("_" + unit)) || "";
}

/** A number as people read it, in its unit. */
function say(value, unit) {
  if (value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (unit === "ratio") return short(value * 100) + " %";
  const size = Math.abs(value);
  if (unit === "seconds") {
    if (size === 0) return "0 s";
    if (size < 1e-3) return short(value * 1e6) + " µs";
    if (size < 1) return short(value * 1e3) + " ms";
    if (size < 120) return short(value) + " s";
    return size < 7200 ? short(value / 60) + " min" : size < 172800 ? short(value / 3600) + " h" : short(value / 86400) + " d";
  }
  const [step, names] = unit === "bytes" ? [1024, ["B", "KiB", "MiB", "GiB", "TiB"]] : [1000, ["", "k", "M", "G", "T"]];
  let i = 0;
  let scaled = value;
  while (Math.abs(scaled) >= step && i < names.length - 1) { scaled /= step; i += 1; }
  return (short(scaled) + " " + names[i]).trim();
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(size >= 1000 ? 4 : 3)));
}

/** Whether the values of a family are moments, by its name. */
function isMoment({ name, type }) { return type === "gauge" && /_(timestamp|time)_seconds$/.test(name) && !/(cpu|busy|idle|active)_time_seconds$/.test(name); }

/** A gauge that is a moment is told as one. */
function sayOf(family, value) {
  if (isMoment(family)) return value > 0 ? new Date(value * 1000).toLocaleString() : "–";
  return say(value, unitOf(family.name));
}

/** Makes a canvas as sharp as the screen; returns what to draw with and its size. */
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth || 300;
  const height = canvas.clientHeight || 116;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.clearRect(0, 0, width, height);
  pen.font = "11px system-ui, sans-serif";
  return { pen, width, height };
}

const LEFT = 62;
const BOTTOM = 16;

function axis(pen, width, height, least, most, text) {
  pen.strokeStyle = colour("grid");
  pen.fillStyle = colour("dim");
  pen.lineWidth = 1;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  for (let i = 0; i <= 2; i++) {
    const y = Math.round(6 + (height - BOTTOM - 6) * (i / 2)) + 0.5;
    pen.beginPath();
    pen.moveTo(LEFT, y);
    pen.lineTo(width, y);
    pen.stroke();
    pen.fillText(text(most - (most - least) * (i / 2)), LEFT - 6, y);
  }
}

function span(pen, width, height, times) {
  const seconds = Math.round((times[times.length - 1] - times[0]) / 1000);
  pen.fillStyle = colour("dim");
  pen.textBaseline = "bottom";
  pen.textAlign = "left";
  if (seconds > 0) pen.fillText("−" + say(seconds, "seconds"), LEFT, height);
  pen.textAlign = "right";
  pen.fillText("now", width, height);
}

function drawLines(canvas, view, unit) {
  const { pen, width, height } = prepare(canvas);
  const numbers = view.lines.flatMap(({ values }) => values).filter(Number.isFinite);
  const most = numbers.length === 0 ? 1 : Math.max(...numbers);
  const least = numbers.length === 0 ? 0 : Math.min(0, ...numbers);
  const top = most === least ? least + 1 : most;
  axis(pen, width, height, least, top, (value) => say(value, unit));
  span(pen, width, height, view.times);
  const start = view.times[0];
  const length = Math.max(1, view.times[view.times.length - 1] - start);
  const x = (i) => LEFT + 2 + (width - LEFT - 4) * ((view.times[i] - start) / length);
  const y = (value) => 6 + (height - BOTTOM - 6) * (1 - (value - least) / (top - least));
  view.lines.forEach(({ values }, line) => {
    pen.strokeStyle = pen.fillStyle = colour("c" + (line % 8));
    pen.lineWidth = 1.6;
    pen.beginPath();
    let isDrawing = false;
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) { isDrawing = false; return; }
      if (isDrawing) pen.lineTo(x(i), y(value));
      else pen.moveTo(x(i), y(value));
      // One moment alone is a point.
      if (!isDrawing && !Number.isFinite(values[i + 1])) pen.fillRect(x(i) - 1.5, y(value) - 1.5, 3, 3);
      isDrawing = true;
    });
    pen.stroke();
  });
}

function drawHeat(canvas, view, unit) {
  const { pen, width, height } = prepare(canvas);
  const latest = view.heat.findLast((step) => step.length > 0);
  if (latest === undefined) {
    pen.fillStyle = colour("dim");
    pen.textAlign = "left";
    pen.fillText("Nothing was observed yet while this page looked.", 8, height / 2);
    return;
  }
  const rows = latest.length;
  const tall = (height - BOTTOM - 4) / rows;
  const wide = (width - LEFT) / Math.max(1, view.heat.length - 1);
  const most = Math.max(1, ...view.heat.flatMap((step) => step.map(({ count }) => count)));
  view.heat.forEach((step, i) => step.forEach(({ count }, row) => {
    if (count === 0) return;
    // The root lets few observations be seen beside many.
    pen.fillStyle = "rgba(" + colour("heat") + "," + (0.12 + 0.88 * Math.sqrt(count / most)) + ")";
    pen.fillRect(LEFT + wide * (i - 1), 4 + tall * (rows - 1 - row), Math.max(1, wide - 0.5), Math.max(1, tall - 0.5));
  }));
  pen.fillStyle = colour("dim");
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  const every = Math.ceil(rows / 5);
  latest.forEach(({ bound }, row) => {
    if (row % every === 0) pen.fillText(say(bound, unit), LEFT - 6, 4 + tall * (rows - 1 - row) + tall / 2);
  });
  span(pen, width, height, view.times);
}
`;
