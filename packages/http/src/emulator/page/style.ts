/**
 * How the emulator's page looks: the system's type, figures of one width, light and dark, 360 to 1440 pixels.
 */
export const style = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f7f9, #14171c);
  --paper: light-dark(#ffffff, #1b1f26);
  --line: light-dark(#dfe3e8, #313843);
  --text: light-dark(#1c2430, #e6e9ee);
  --soft: light-dark(#566072, #a3adbb);
  --accent: light-dark(#0b5cad, #7db8f5);
  --on-accent: light-dark(#ffffff, #0d1b2a);
  --good: light-dark(#17683a, #7fd6a0);
  --good-ground: light-dark(#e3f4ea, #17301f);
  --mixed: light-dark(#7a4d00, #f0c06a);
  --mixed-ground: light-dark(#fdf1d8, #37290d);
  --bad: light-dark(#a3201d, #ff9d96);
  --bad-ground: light-dark(#fde8e7, #3d1917);
  --none-ground: light-dark(#eceff3, #2a303a);
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Helvetica Neue", sans-serif;
  font-variant-numeric: tabular-nums;
}
header, main { max-width: 1400px; margin: 0 auto; padding: 0 16px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 16px; padding-top: 20px; padding-bottom: 12px; }
header p { margin: 0; color: var(--soft); }
header .links { margin-left: auto; display: flex; gap: 16px; align-items: baseline; }
h1 { margin: 0; font-size: 20px; font-weight: 650; letter-spacing: -0.01em; }
h2 { margin: 0; font-size: 15px; font-weight: 650; }
p { margin: 0 0 8px; }
a { color: var(--accent); text-underline-offset: 3px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
#state::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--soft); }
#state.live::before { background: var(--good); }
#state.away::before { background: var(--bad); }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-bottom: 12px; }
section, #ask { background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin-bottom: 16px; }
#ask { max-width: 560px; margin: 8vh auto; }
#ask p { margin-top: 6px; }
.row { display: flex; gap: 8px; align-items: center; }
.row input { flex: 1; }
.count, .small, .none, .axis { color: var(--soft); font-size: 13px; font-weight: 400; }
.small { display: block; }
.error { color: var(--bad); margin: 8px 0 0; }
.error:empty { display: none; }
input, select, textarea, button { font: inherit; color: inherit; }
input:not([type="checkbox"]), select, textarea {
  width: 100%; min-width: 0; padding: 6px 8px; background: var(--paper); border: 1px solid light-dark(#8a94a3, #6b7686); border-radius: 5px;
}
button { padding: 6px 14px; border: 1px solid var(--accent); border-radius: 5px; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer; white-space: nowrap; }
button.quiet { background: none; color: var(--accent); border-color: var(--line); font-weight: 400; padding: 3px 10px; font-size: 13px; }
label { color: var(--soft); font-size: 13px; }
code, .id, textarea { font-family: ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace; font-size: 13px; }
code.block { display: block; padding: 10px 12px; background: var(--none-ground); border-radius: 5px; overflow-wrap: anywhere; }
section:not(:has(#requests-table[hidden])) > code.block { display: none; }
.numbers { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 1fr) minmax(0, 1fr); gap: 16px 32px; }
.numbers p { margin: 0; }
.numbers strong { font-size: 26px; font-weight: 600; letter-spacing: -0.02em; line-height: 1.2; }
.figure { border-left: 1px solid var(--line); padding-left: 24px; }
.chart { margin-top: 8px; border-top: 1px dashed var(--soft); border-bottom: 1px solid var(--line); }
#bars { display: grid; grid-template-columns: repeat(60, 1fr); gap: 2px; align-items: end; height: 72px; }
#bars i { background: var(--accent); border-radius: 1px 1px 0 0; min-height: 0; }
#bars i.full { background: var(--bad); }
.axis { display: flex; justify-content: space-between; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) 340px; gap: 0 16px; align-items: start; }
.scroll { max-height: 26rem; overflow: auto; margin: 8px -16px -16px; border-top: 1px solid var(--line); scrollbar-width: thin; border-radius: 0 0 8px 8px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; }
th { position: sticky; top: 0; background: var(--paper); text-align: left; font-size: 12px; font-weight: 500; color: var(--soft); white-space: nowrap; box-shadow: 0 1px var(--line); }
th, td { padding: 6px 8px; vertical-align: top; }
th:first-child, td:first-child { padding-left: 16px; }
th:last-child, td:last-child { padding-right: 16px; }
tbody tr + tr td { border-top: 1px solid var(--line); }
.number { text-align: right; }
td.time, td.answer { white-space: nowrap; }
td.time { color: var(--soft); }
td.path, td.name, td.id, dd, dt { overflow-wrap: anywhere; }
#items td.id, #ledger td.id:not(.trace) { white-space: nowrap; }
td.path b { font-weight: 600; font-size: 12px; }
.fault { display: block; color: var(--mixed); font-size: 13px; }
.fault::before { content: "⚡\\FE0E  "; }
.status { display: inline-block; min-width: 40px; padding: 0 7px; border-radius: 4px; text-align: center; font-weight: 600; background: var(--none-ground); }
.status.good { color: var(--good); background: var(--good-ground); }
.status.mixed { color: var(--mixed); background: var(--mixed-ground); }
.status.bad { color: var(--bad); background: var(--bad-ground); }
tr.archived td { color: var(--soft); }
details summary { cursor: pointer; color: var(--soft); font-size: 13px; }
summary h2 { display: inline; color: var(--text); }
summary + .row { margin-top: 8px; }
.row label { white-space: nowrap; }
dl { display: grid; grid-template-columns: minmax(80px, auto) minmax(0, 1fr); gap: 2px 12px; margin: 6px 0; font-size: 13px; font-family: inherit; }
dt { color: var(--soft); }
dd { margin: 0; }
ul { list-style: none; margin: 8px 0; padding: 0; }
#rules li { display: flex; gap: 8px; justify-content: space-between; align-items: start; padding: 8px 0; border-top: 1px solid var(--line); }
#rules div { min-width: 0; overflow-wrap: anywhere; }
#rules b { font-weight: 600; }
#switch-on { margin: 8px 0 12px; }
#switch-on label { display: block; }
#scopes { max-height: 17rem; overflow: auto; margin: 8px -16px -16px; padding: 8px 16px; border-top: 1px solid var(--line); scrollbar-width: thin; }
#scopes li { padding: 2px 0; }
#scopes label { display: flex; gap: 8px; align-items: baseline; color: var(--text); font-size: 13px; overflow-wrap: anywhere; }
input[type="checkbox"] { accent-color: var(--accent); }
@media (max-width: 1200px) { .widest { display: none; } }
@media (max-width: 900px) {
  .columns { grid-template-columns: minmax(0, 1fr); }
  .numbers { grid-template-columns: 1fr 1fr; }
  .window { grid-column: 1 / -1; }
  .figure:nth-child(2) { border: 0; padding: 0; }
}
@media (max-width: 640px) {
  .wide { display: none; }
  td.path { font-size: 13px; }
  #bars { gap: 1px; }
  header .links { margin-left: 0; }
}
`
