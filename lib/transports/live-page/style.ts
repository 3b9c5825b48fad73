// How the live page looks: light and dark, from 400 pixels on.

/** The style sheet of the page. */
export const STYLE: string = `
:root {
  color-scheme: light;
  --page: #f6f7f9; --card: #fff; --line: #dde1e7; --text: #1b2430; --dim: #5a6675; --accent: #1558c0; --focus: #1558c0;
  --good: #14713a; --bad: #b3261e; --warn: #8a5300; --chip: #eceff3; --grid: #e6e9ee; --heat: 21, 88, 192;
  --c0: #1558c0; --c1: #b3410a; --c2: #14713a; --c3: #8034a8; --c4: #8a5300; --c5: #00696f; --c6: #b3246d; --c7: #4a5564;
}
:root[data-theme="dark"] {
  color-scheme: dark;
  --page: #10141a; --card: #181e26; --line: #2b3441; --text: #e4e9f0; --dim: #9ba8b8; --accent: #8ab4ff; --focus: #8ab4ff;
  --good: #6fd08f; --bad: #ff9a92; --warn: #f0bb66; --chip: #242c37; --grid: #242c37; --heat: 138, 180, 255;
  --c0: #8ab4ff; --c1: #ffab7a; --c2: #6fd08f; --c3: #d3a4f5; --c4: #f0bb66; --c5: #63d2d8; --c6: #ff9cca; --c7: #b3becb;
}
* { box-sizing: border-box; }
html { font: 15px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; background: var(--page); color: var(--text); }
body { margin: 0; }
h1, h2, h3, p { margin: 0; }
a { color: var(--accent); }
button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 7px; padding: 5px 9px; min-height: 34px; }
button { cursor: pointer; }
button:hover, select:hover { border-color: var(--dim); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 8px; top: -60px; background: var(--card); padding: 8px 12px; border-radius: 7px; z-index: 9; }
.skip:focus { top: 8px; }
header { position: sticky; top: 0; z-index: 5; background: var(--card); border-bottom: 1px solid var(--line); }
.bar { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; padding: 10px 16px; max-width: 1720px; margin: 0 auto; }
h1 { font-size: 1.1rem; font-weight: 650; }
.state { display: flex; align-items: center; gap: 7px; color: var(--dim); min-width: 0; }
.dot { flex: none; width: 10px; height: 10px; border-radius: 50%; background: var(--dim); }
.state[data-state="live"] .dot { background: var(--good); }
.state[data-state="lost"] { color: var(--bad); font-weight: 600; }
.state[data-state="lost"] .dot { background: var(--bad); border-radius: 2px; }
.state[data-state="paused"] .dot { background: var(--warn); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 14px; color: var(--dim); margin-left: auto; }
.facts b { color: var(--text); font-weight: 600; font-variant-numeric: tabular-nums; }
.tools { display: flex; flex-wrap: wrap; gap: 8px; width: 100%; align-items: center; }
.tools label { display: flex; align-items: center; gap: 6px; color: var(--dim); }
.tools input[type="search"] { flex: 1 1 220px; min-width: 0; max-width: 520px; }
.on { color: var(--good); font-weight: 600; }
.failing { background: var(--card); border-left: 4px solid var(--bad); border-radius: 7px; padding: 10px 14px; margin: 12px 16px 0; }
.page { display: grid; grid-template-columns: 216px minmax(0, 1fr); gap: 16px; max-width: 1720px; margin: 0 auto; padding: 16px; align-items: start; }
nav { position: sticky; top: calc(var(--header, 102px) + 16px); max-height: calc(100vh - var(--header, 102px) - 32px); overflow: auto; }
nav ul { list-style: none; margin: 0; padding: 0; display: grid; gap: 2px; }
nav button { display: flex; width: 100%; justify-content: space-between; gap: 8px; border-color: transparent; background: none; text-align: left; }
nav button[aria-current="true"] { background: var(--chip); font-weight: 600; }
nav button span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
nav button span:last-child { color: var(--dim); font-variant-numeric: tabular-nums; }
.list { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 14px; min-height: 268px; min-width: 0; display: flex; flex-direction: column; gap: 6px; content-visibility: auto; contain-intrinsic-size: auto 268px; }
.card h2 { font: 600 .95rem/1.35 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.card .meta { display: flex; flex-wrap: wrap; gap: 5px; align-items: center; }
.chip { background: var(--chip); border-radius: 5px; padding: 0 7px; font-size: .82rem; color: var(--dim); }
.card select { margin-left: auto; min-height: 28px; padding: 1px 6px; font-size: .85rem; max-width: 55%; }
.help { color: var(--dim); font-size: .88rem; overflow-wrap: anywhere; }
canvas { width: 100%; height: 116px; display: block; }
.rows { width: 100%; border-collapse: collapse; font-size: .86rem; }
.rows th { font-weight: 400; text-align: left; overflow-wrap: anywhere; padding: 1px 8px 1px 0; }
.rows td { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; vertical-align: top; padding: 1px 0 1px 12px; }
.rows.words td { white-space: normal; overflow-wrap: anywhere; }
.rows.words td:nth-child(3) { white-space: nowrap; }
.rows thead th, .rows thead td { color: var(--dim); font-size: .8rem; }
.rows thead th:not(:first-child) { text-align: right; padding: 1px 0 1px 12px; white-space: nowrap; }
.rows th:has(.swatch) { padding-left: 16px; }
.swatch { float: left; width: 10px; height: 10px; border-radius: 2px; margin: 5px 0 0 -16px; }
.empty { color: var(--dim); padding: 24px 8px; }
@media (max-width: 860px) {
  .page { grid-template-columns: minmax(0, 1fr); padding: 12px; }
  nav { position: static; max-height: none; overflow-x: auto; }
  nav ul { display: flex; }
  nav button { white-space: nowrap; }
  header { position: static; }
  .facts { margin-left: 0; }
  .tools input[type="search"] { flex-basis: 100%; max-width: none; }
}
@media (prefers-reduced-motion: no-preference) { .state[data-state="live"] .dot { transition: background .3s; } }
@media print { header { position: static; } nav, .tools { display: none; } }
`;
