// The part of the page's script that reads expositions: text 0.0.4, line by line while it arrives.

/** Names only from here: `survey`, `sampleOf`, `linesOf`. */
export const READING: string = String.raw`
function numberOf(text) {
  return text === "+Inf" ? Infinity : text === "-Inf" ? -Infinity : Number(text);
}

/** The pieces of a sample's line: its name, its labels and its value. */
function sampleOf(line) {
  const labels = new Map();
  let at = line.search(/[{ ]/);
  const name = line.slice(0, at);
  if (line[at] === "{") {
    const label = /([^=,]+)="((?:[^"\\]|\\.)*)",?/y;
    label.lastIndex = at + 1;
    for (let found = label.exec(line); found !== null; found = label.exec(line)) {
      labels.set(found[1], found[2].replace(/\\(.)/g, (whole, c) => (c === "n" ? "\n" : c)));
      at = label.lastIndex;
    }
    at = line.indexOf("}", at);
  }
  return { name, labels, value: numberOf(line.slice(at + 1).trim().split(" ")[0]) };
}

/** The lines of an answer, some at a time as they arrive. */
async function* linesOf(response, onBytes) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    onBytes(value.byteLength);
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop();
    yield lines;
  }
}

/** Which family a sample's name belongs to, of those named so far. */
function familyOf(name, families, current) {
  if (current !== undefined && (name === current.name || name.startsWith(current.name + "_"))) return current;
  return families.get(name);
}

/** Asks for the exposition, or for some of its families. */
function ask(names, signal) {
  const query = names === undefined ? "" : "?" + names.map((name) => "name[]=" + encodeURIComponent(name)).join("&");
  // A page that was opened with a password in its address may fetch nothing by an address relative to that.
  const { origin, pathname } = location;
  return fetch(origin + pathname.replace(/[^/]*$/, "metrics") + query, { headers: { Accept: "text/plain;version=0.0.4" }, cache: "no-store", signal });
}

/**
 * Reads an exposition. onSample gets each family's samples; without it, they are counted only.
 * Families have name, type, help, series (how many) and labels (which names were seen).
 */
async function read(response, onSample) {
  if (!response.ok) throw new Error("The server answered with status " + response.status + ".");
  const families = new Map();
  let current;
  let bytes = 0;
  const declare = (name) => {
    current = families.get(name);
    if (current === undefined) {
      current = { name, type: "untyped", help: "", series: 0, labels: new Set() };
      families.set(name, current);
    }
    return current;
  };
  for await (const lines of linesOf(response, (count) => { bytes += count; })) {
    for (const line of lines) {
      if (line === "") continue;
      if (line[0] === "#") {
        const [, kind, name, text] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) || [];
        if (kind === "HELP") declare(name).help = text.replace(/\\(.)/g, (whole, c) => (c === "n" ? "\n" : c));
        if (kind === "TYPE") declare(name).type = text;
        continue;
      }
      const name = line.slice(0, line.search(/[{ ]/));
      const family = familyOf(name, families, current) || declare(name);
      // A histogram has one of these for each of its series, and a summary too.
      const counts = family.type === "histogram" || family.type === "summary" ? name === family.name + "_count" : true;
      if (counts) family.series += 1;
      if (onSample !== undefined) onSample(family, sampleOf(line));
      else if (family.series <= 20) for (const label of sampleOf(line).labels.keys()) family.labels.add(label);
    }
  }
  return { families, bytes };
}
`;
