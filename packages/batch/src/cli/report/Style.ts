/**
 * How a report looks: calm, in the reader's own fonts, in light and dark, on a phone and on paper.
 */
import { createHash } from "node:crypto"
import { own } from "./Html.ts"

const light = `--page:#fff;--panel:#f6f7f8;--text:#1b2026;--soft:#57606a;--line:#d9dde2;--accent:#2b6cb0;
--created:#2f7d5b;--rejected:#b3392f;--invalid:#a86a12;--notSent:#6b7480;--inDoubt:#6d4bb3`

const dark = `--page:#14181d;--panel:#1c2229;--text:#e6eaee;--soft:#9ba6b2;--line:#333c46;--accent:#6ba7e6;
--created:#5fb58d;--rejected:#ea7f74;--invalid:#dba452;--notSent:#98a2ae;--inDoubt:#b096e8`

const style = `
:root{color-scheme:light dark;${light}}
@media screen and (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:62rem;margin:0 auto;padding:0 1rem}
header{padding-top:3rem}
footer{padding-top:2rem;padding-bottom:4rem;color:var(--soft);font-size:.875rem}
h1{font-size:1rem;font-weight:600;line-height:1.4;margin:0;color:var(--soft)}
.verdict{font-size:clamp(1.5rem,1.1rem + 2vw,2.25rem);line-height:1.25;font-weight:600;letter-spacing:-.015em;margin:.5rem 0 2rem;max-width:28em;text-wrap:balance}
h2{font-size:1.25rem;line-height:1.3;font-weight:600;letter-spacing:-.01em;margin:0 0 .5rem}
h3{font-size:1rem;font-weight:600;line-height:1.4;margin:0}
p{margin:0 0 1rem;max-width:44rem}
.soft,figcaption,.note{color:var(--soft)}
.note{font-size:.875rem}
a{color:var(--accent);text-underline-offset:.2em}
:focus-visible{outline:2px solid var(--accent);outline-offset:3px;border-radius:2px}
section{margin-top:3.5rem}
.kinds{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:0 2rem}
.kinds li{border-top:3px solid var(--of);padding:.75rem 0 1.25rem}
.kinds strong{display:block;font-size:1.75rem;font-weight:600;line-height:1.2;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.kinds .soft{display:block;font-size:.875rem;line-height:1.4}
.none strong{color:var(--soft);font-weight:400}
.none{--of:var(--line)!important}
.created{--of:var(--created)}.rejected{--of:var(--rejected)}.invalid{--of:var(--invalid)}.notSent{--of:var(--notSent)}.inDoubt,.twice{--of:var(--inDoubt)}.open{--of:var(--line)}
.dot{display:inline-block;width:.7em;height:.7em;border-radius:50%;background:var(--of);margin-right:.5em}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:1.25rem 2rem;margin:1.5rem 0 0;padding:1.5rem 0 0;border-top:1px solid var(--line)}
dt{font-size:.8125rem;color:var(--soft)}
dd{margin:0;font-variant-numeric:tabular-nums}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:1.75rem 0 0;padding:0}
nav a{display:inline-block;padding:.25rem 0}
ol.steps{margin:0;padding:0;list-style:none;counter-reset:step}
.steps li{counter-increment:step;position:relative;padding:0 0 1.25rem 2.25rem}
.steps li::before{content:counter(step);position:absolute;left:0;top:0;width:1.6rem;height:1.6rem;border:1px solid var(--line);border-radius:50%;font-size:.8125rem;line-height:1.5rem;text-align:center;color:var(--soft)}
.steps p{margin:0 0 .5rem}
pre{margin:0 0 .5rem;padding:.65rem .85rem;background:var(--panel);border:1px solid var(--line);border-radius:6px;white-space:pre-wrap;font-size:.875rem;line-height:1.5}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
code,.mono{font-size:.9em}pre code{font-size:inherit}
figure{margin:1rem 0 0}
figure svg{display:block;width:100%;height:auto;overflow:visible}
.narrow{display:none}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0 0 .75rem;padding:0;font-size:.875rem;color:var(--soft)}
.figures{display:flex;flex-wrap:wrap;gap:.75rem 2.5rem;list-style:none;margin:1rem 0 0;padding:0}
.figures strong{display:block;font-size:1.25rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
details{border-top:1px solid var(--line)}
details:last-of-type{border-bottom:1px solid var(--line)}
figure+details,.figures+details{margin-top:1.25rem;border-bottom:0;font-size:.9375rem}
summary{padding:.85rem 0;cursor:pointer;display:flex;gap:.25rem 1rem;align-items:baseline;list-style:none}
summary::-webkit-details-marker{display:none}
summary::before{content:"";flex:none;width:.42em;height:.42em;border-right:1.5px solid var(--soft);border-bottom:1.5px solid var(--soft);transform:rotate(-45deg);transition:transform .15s}
details[open]>summary::before{transform:rotate(45deg)}
summary>:nth-child(1){flex:1;min-width:0}
summary .count{font-variant-numeric:tabular-nums;white-space:nowrap}
details>div,details>p{margin:0 0 1.25rem}
.advice{margin-bottom:.75rem}
.scroll{overflow:auto;max-height:26rem;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.9375rem;line-height:1.45}
th,td{padding:.45rem .85rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
tbody tr:last-child>td,tbody tr:last-child>th{border-bottom:0}
thead th{font-size:.8125rem;font-weight:600;color:var(--soft);position:sticky;top:0;background:var(--page)}
tbody th{font-weight:400}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.n,th.n{width:1%}
.scroll+h3{margin-top:1.75rem}h3+.scroll{margin-top:.6rem}.scroll+.note{margin-top:.75rem}
.ids td:last-child,.ids th:last-child{width:auto}
caption{text-align:left;color:var(--soft);font-size:.875rem;padding:.6rem .85rem}
@media (max-width:40rem){
header{padding-top:1.75rem}section{margin-top:2.75rem}
.verdict{margin-bottom:1.5rem}
.wide{display:none}.narrow{display:block}
th,td{padding:.4rem .6rem}
dl{grid-template-columns:repeat(2,minmax(0,1fr));gap:1rem 1.25rem}
.kinds{grid-template-columns:repeat(2,minmax(0,1fr));gap:0 1.25rem}
}
@media (prefers-reduced-motion:reduce){summary::before{transition:none}}
@media print{
@page{margin:16mm}
body{font-size:10pt}header,main,footer{max-width:none;padding-left:0;padding-right:0}header{padding-top:0}
nav,summary::before{display:none}
section{margin-top:2rem}
.wide{display:block}.narrow{display:none}
.scroll{max-height:none;overflow:visible;border:0}
details::details-content{content-visibility:visible;block-size:auto;display:block}
figure,.steps li,tr,pre,summary{break-inside:avoid}h2,h3,summary,section>p:has(+figure,+details,+ul,+div){break-after:avoid}.legend,.figures{break-inside:avoid;break-after:avoid}
thead th{position:static}
a{color:inherit;text-decoration:none}
}
`

/** The style, byte for byte as the policy knows it. */
export const element = own(`<style>${style}</style>`)

/** The page may use this style and nothing else. */
export const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`
