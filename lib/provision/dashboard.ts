// A Grafana dashboard: requests, errors and durations first, then the process, then everything else.
import type { InventoryEntry } from "./inventory.ts";
import {
  errorsPanel,
  familyPanels,
  heatmapPanel,
  type PanelPlan,
  type Query,
  quantilesPanel,
  requestsPanel,
  saturationPanel,
} from "./panels.ts";
import { shortHash } from "./short-hash.ts";
import { isRuntime, type Signals } from "./signals.ts";

/** The schema of dashboards that is written: Grafana 11's, which later ones read. */
const SCHEMA_VERSION = 39;

const GRID_COLUMNS = 24;
const PANEL_HEIGHT = 8;
/** Panels side by side. */
const PANELS_ABREAST = 3;

// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
const datasource = { type: "prometheus", uid: "${datasource}" } as const;

/** A row of a dashboard. */
interface Row {
  readonly title: string;
  readonly panels: readonly PanelPlan[];
}

/** The dashboard, as JSON. The same metrics give the same text. */
export function dashboardJson(inventory: readonly InventoryEntry[], signals: Signals, job: string): string {
  const rows = rowsOf(inventory, signals).filter(({ panels }) => panels.length > 0);
  return `${JSON.stringify(
    {
      uid: dashboardUid(job),
      title: job,
      tags: ["tallystick"],
      schemaVersion: SCHEMA_VERSION,
      editable: true,
      graphTooltip: 1,
      refresh: "30s",
      time: { from: "now-1h", to: "now" },
      timezone: "browser",
      templating: { list: variables(inventory, job) },
      annotations: { list: [] },
      panels: layOut(rows),
    },
    undefined,
    2,
  )}\n`;
}

/** An id that stays the same, of characters that Grafana takes. */
export function dashboardUid(job: string): string {
  // Jobs whose names differ in other characters only have ids of their own.
  return `${job.replace(/[^a-zA-Z0-9_-]+/g, "-").slice(0, 24)}-${shortHash(job)}`;
}

function rowsOf(inventory: readonly InventoryEntry[], signals: Signals): Row[] {
  const { requests, latencies, saturations } = signals;
  const shown = new Set<InventoryEntry>([...requests.map(({ entry }) => entry), ...latencies]);
  const others = inventory.filter((entry) => !shown.has(entry));
  return [
    {
      title: "Requests",
      panels: [
        ...requests.flatMap((signal) => [requestsPanel(signal), errorsPanel(signal)]),
        ...latencies.flatMap((entry) =>
          entry.type === "histogram" ? [heatmapPanel(entry), quantilesPanel(entry)] : [quantilesPanel(entry)],
        ),
      ],
    },
    {
      title: "Runtime",
      panels: [...saturations.map(saturationPanel), ...others.filter(isRuntime).flatMap(familyPanels)],
    },
    { title: "Everything else", panels: others.filter((entry) => !isRuntime(entry)).flatMap(familyPanels) },
  ];
}

function variables(inventory: readonly InventoryEntry[], job: string): object[] {
  return [
    { name: "datasource", label: "Data source", type: "datasource", query: "prometheus", hide: 0 },
    { ...query("job", "Job", "label_values(up, job)"), current: { selected: true, text: job, value: job } },
    everything("instance", "Instance", 'label_values(up{job=~"$job"}, instance)'),
    ...(inventory.some(({ labelNames }) => labelNames.includes("worker"))
      ? [everything("worker", "Worker", 'label_values({job=~"$job",instance=~"$instance",worker!=""}, worker)')]
      : []),
  ];
}

function query(name: string, label: string, definition: string): object {
  return {
    name,
    label,
    type: "query",
    datasource,
    query: { query: definition, refId: name },
    refresh: 2,
    sort: 1,
    hide: 0,
    multi: true,
    includeAll: true,
    allValue: ".*",
  };
}

/** A variable that begins with everything. */
function everything(name: string, label: string, definition: string): object {
  return { ...query(name, label, definition), current: { selected: true, text: ["All"], value: ["$__all"] } };
}

/** Gives rows and panels their places and ids. */
function layOut(rows: readonly Row[]): object[] {
  const laidOut: object[] = [];
  let id = 0;
  let y = 0;
  for (const { title, panels } of rows) {
    id += 1;
    laidOut.push({ id, type: "row", title, collapsed: false, gridPos: { x: 0, y, w: GRID_COLUMNS, h: 1 }, panels: [] });
    y += 1;
    const w = GRID_COLUMNS / PANELS_ABREAST;
    for (const [i, panel] of panels.entries()) {
      id += 1;
      const gridPos = {
        x: (i % PANELS_ABREAST) * w,
        y: y + Math.floor(i / PANELS_ABREAST) * PANEL_HEIGHT,
        w,
        h: PANEL_HEIGHT,
      };
      laidOut.push({ id, ...panelJson(panel), gridPos });
    }
    y += Math.ceil(panels.length / PANELS_ABREAST) * PANEL_HEIGHT;
  }
  return laidOut;
}

function panelJson({ title, description, type, unit, min, queries }: PanelPlan): object {
  return {
    type,
    title,
    description,
    datasource,
    fieldConfig: { defaults: { unit, ...(min !== undefined && { min }) }, overrides: [] },
    options: panelOptions(type, unit),
    targets: queries.map(targetJson),
  };
}

function panelOptions(type: PanelPlan["type"], unit: string): object {
  switch (type) {
    case "timeseries":
      return {
        legend: { displayMode: "list", placement: "bottom", showLegend: true, calcs: [] },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "heatmap":
      return {
        calculate: false,
        cellGap: 1,
        color: { mode: "scheme", scheme: "Oranges", steps: 64, exponent: 0.5, fill: "dark-orange" },
        exemplars: { color: "rgba(255,0,255,0.7)" },
        filterValues: { le: 1e-9 },
        legend: { show: true },
        rowsFrame: { layout: "auto" },
        tooltip: { mode: "single", showColorScale: true, yHistogram: false },
        yAxis: { axisPlacement: "left", reverse: false, unit },
      };
    case "table":
      return { showHeader: true, cellHeight: "sm" };
    case "state-timeline":
      return {
        showValue: "never",
        mergeValues: true,
        rowHeight: 0.9,
        legend: { displayMode: "list", placement: "bottom", showLegend: false, calcs: [] },
        tooltip: { mode: "single", sort: "none" },
      };
    default:
      return type satisfies never;
  }
}

function targetJson({ expr, legend, format = "time_series" }: Query, i: number): object {
  return {
    refId: String.fromCharCode(65 + i),
    datasource,
    editorMode: "code",
    expr,
    legendFormat: legend,
    format,
    ...(format === "table" ? { instant: true, range: false } : { instant: false, range: true, exemplar: true }),
  };
}
