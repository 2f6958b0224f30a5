/**
 * The emulator's page: one document that loads nothing. It holds no data; what it shows it asks of the admin API, with the key.
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { catalogue } from "./catalogue.ts"
import { controls } from "./client/controls.ts"
import { elements } from "./client/elements.ts"
import { start } from "./client/start.ts"
import { tables } from "./client/tables.ts"
import { words } from "./client/words.ts"
import { body } from "./markup.ts"
import { style } from "./style.ts"

// The functions as their own text, so that the browser runs what the compiler has checked.
const parts = Object.entries({ elements, words, tables, controls }).map(([name, part]) => `${name}: ${part}`)

const script = `"use strict";(${start})({ ${parts.join(",\n")} }, ${JSON.stringify(catalogue)})`.replaceAll(
  "</",
  "<\\/"
)

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`

const policy = [
  "default-src 'none'",
  `script-src ${hash(script)}`,
  `style-src ${hash(style)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join("; ")

/** The document, and the headers that keep everything else out of it. */
export const response = HttpServerResponse.text(
  `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>HubSpot emulator</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
${body}
<script>${script}</script>
</body>
</html>
`,
  {
    contentType: "text/html; charset=utf-8",
    headers: {
      "content-security-policy": policy,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cache-control": "no-store"
    }
  }
)
