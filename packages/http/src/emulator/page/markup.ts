/**
 * The body of the emulator's page, before there is anything to show.
 */

const table = (options: {
  readonly name: string
  readonly title: string
  readonly columns: ReadonlyArray<readonly [title: string, name?: string]>
  readonly none: string
}): string => `<section aria-labelledby="${options.name}-title">
<h2 id="${options.name}-title">${options.title} <span class="count" id="${options.name}-count"></span></h2>
<p class="none" id="${options.name}-none">${options.none}</p>
<div class="scroll" id="${options.name}-table" role="group" aria-label="${options.title}, table" tabindex="0" hidden>
<table>
<thead><tr>${options.columns.map(([title, name = ""]) => `<th scope="col" class="${name}">${title}</th>`).join("")}</tr></thead>
<tbody id="${options.name}"></tbody>
</table>
</div>
</section>`

const first = `<code class="block">curl -H "Authorization: Bearer any-token" -H "Content-Type: application/json" -d '{"inputs":[{"properties":{"name":"Chair"}}]}' <span class="origin"></span>/crm/v3/objects/line_items/batch/create</code>`

const option = ([text, match]: readonly [text: string, match: object]): string =>
  `<option value='${JSON.stringify(match)}'>${text}</option>`

const which = [
  ["batch creates of line items", { method: "POST", path: "*line_items/batch/create" }],
  ["all writes", { method: "POST" }],
  ["all reads by path", { method: "GET" }],
  ["all requests", {}]
] as const

const often = [
  ["the next one", { times: 1 }],
  ["every one", {}],
  ["one in three", { every: 3 }],
  ["one in ten, by chance", { chance: 0.1 }]
] as const

export const body = `<header>
<h1>HubSpot emulator</h1>
<p><span class="origin"></span> · <span role="status"><span id="state">locked</span></span></p>
<p class="links"><a href="/docs">Contract</a> <button type="button" class="quiet" id="forget" hidden>Forget the key</button></p>
</header>
<main>
<noscript><p>This page needs JavaScript. The admin API does not.</p></noscript>
<form id="ask" hidden>
<h2><label for="key">Admin key</label></h2>
<p id="key-help"><code>line-items serve</code> prints it when it starts. This tab keeps it until you close it.</p>
<div class="row"><input id="key" type="password" required autocomplete="off" spellcheck="false" aria-describedby="key-help refused"><button>Open</button></div>
<p class="error" id="refused" role="alert"></p>
</form>
<div id="app" hidden>
<nav aria-label="On this page"><a href="#requests-title">Requests</a><a href="#items-title">Line items</a><a href="#ledger-title">Ledger</a><a href="#faults-title">Faults</a><a href="#scopes-title">Scopes</a><a href="#definitions">Definitions</a></nav>
<section class="numbers" aria-label="In numbers">
<div class="window">
<p><strong id="used">0</strong> <span id="limit"></span></p>
<div class="chart"><div id="bars" role="img" aria-label="Use of the limit in the last minute"></div></div>
<p class="axis" aria-hidden="true"><span>a minute ago</span><span>now</span></p>
</div>
<div class="figure"><p><strong id="total-requests">0</strong> requests</p><p class="small" id="unauthorized"></p><p class="small" id="day"></p></div>
<div class="figure"><p><strong id="total-items">0</strong> line items</p><p class="small">ever created in this account</p></div>
</section>
<div class="columns">
<div>
${table({
  name: "requests",
  title: "Requests",
  columns: [
    ["Time"],
    ["Request"],
    ["Inputs", "number wide"],
    ["Answer"],
    ["Took", "number wide"],
    ["Correlation id", "widest"]
  ],
  none: `None yet. Your program’s requests appear here as they arrive. To try it:</p>${first}<p hidden>`
})}
${table({
  name: "items",
  title: "Line items",
  columns: [
    ["Id"],
    ["Name"],
    ["Quantity", "number wide"],
    ["Price", "number"],
    ["Belongs to", "wide"],
    ["Changed", "wide"]
  ],
  none: "The account has none yet."
})}
${table({
  name: "ledger",
  title: "Ledger",
  columns: [["Stored"], ["Id"], ["Trace id"], ["Belongs to", "wide"]],
  none: "Nothing is stored yet. An entry is made at the moment a line item is stored, whatever the caller was told."
})}
<section aria-label="Definitions">
<details id="definitions">
<summary><h2>Definitions <span class="count" id="definitions-count"></span></h2></summary>
<p class="row"><label for="filter">Find a property</label> <input id="filter" type="search" autocomplete="off" spellcheck="false"></p>
<div class="scroll" role="group" aria-label="Properties of line items" tabindex="0">
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Label</th><th scope="col">Type</th><th scope="col" class="wide">Is</th></tr></thead>
<tbody id="properties"></tbody>
</table>
</div>
</details>
</section>
</div>
<div>
<section aria-labelledby="faults-title">
<h2 id="faults-title">Faults</h2>
<form id="switch-on">
<p><label for="fault">What goes wrong</label><select id="fault"></select></p>
<p><label for="which">For which requests</label><select id="which">${which.map(option).join("")}</select></p>
<p><label for="often">How often</label><select id="often">${often.map(option).join("")}</select></p>
<p><button>Switch on</button></p>
</form>
<p class="error" id="fault-error" role="alert"></p>
<p class="none" id="no-rules">Nothing goes wrong.</p>
<ul id="rules"></ul>
<p><button type="button" class="quiet" id="all-off" hidden>Switch all off</button></p>
<details id="plan">
<summary>The plan as JSON</summary>
<form id="set-plan">
<p><label for="json">A new plan replaces this one, and counts from the beginning.</label></p>
<textarea id="json" rows="12" spellcheck="false" autocomplete="off"></textarea>
<p><button>Set this plan</button></p>
</form>
</details>
</section>
<section aria-labelledby="scopes-title">
<h2 id="scopes-title">Scopes</h2>
<p class="small">What a token may do. A request without its scope is answered with 403.</p>
<p class="error" id="scope-error" role="alert"></p>
<ul id="scopes"></ul>
</section>
</div>
</div>
</div>
</main>`
