/**
 * Wrong input, the numbers as in the project's failure model: what is said, in one line with a place and
 * an advice, the exit code, and that rows that are right go all the same.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { chmodSync, globSync, mkdirSync, readFileSync } from "node:fs"
import { createServer, type Server as HttpServer } from "node:http"
import { type AddressInfo } from "node:net"
import {
  canary,
  counted,
  countsOf,
  type Directory,
  directory,
  endAll,
  type Finished,
  type Options,
  run,
  runProcess,
  startProcess
} from "./run.ts"

interface Case extends Pick<Options, "stdin" | "token"> {
  readonly id: string
  readonly what: string
  /** Made in the directory where the command runs. */
  readonly file?: readonly [name: string, content: string | Uint8Array]
  /** After `import <file|-> --json --emulator`, or instead of it. */
  readonly flags?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
  readonly code: number
  readonly stderr: ReadonlyArray<string>
  /** With `status`; only of an import that took place. */
  readonly counts?: ReturnType<typeof counted>
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))
const csv = (...lines: ReadonlyArray<string>) => lines.map((line) => `${line}\n`).join("")
const good = csv("name,price", "Chair,12.50")
const one = counted({ inputs: 1, created: 1 })
const nothing = counted({}, "CANCELED")
const oneThenStop = counted({ inputs: 1, created: 1 }, "CANCELED")
const name = "use the internal name HubSpot shows: lower case letters, digits and underscores"
const numeral = "write digits with a dot, without thousands separators, currency or blanks"
const long = "x".repeat(1024 * 1024)

/** A good row before what is wrong: of a file nothing is sent, of a pipe the good row is. */
const syntax = (
  id: string,
  what: string,
  [file, content]: readonly [name: string, content: string | Uint8Array],
  place: string,
  said: string,
  ways: ReadonlyArray<"file" | "pipe"> = ["file", "pipe"]
): ReadonlyArray<Case> =>
  ways.map((way) =>
    way === "file"
      ? { id, what, file: [file, content], code: 2, stderr: [`line-items: ${file}${place}: ${said}`] }
      : {
          id,
          what: `${what}, from a pipe`,
          stdin: content,
          code: 65,
          stderr: [
            `stdin${place}: ${said} (nothing after this was read; go on with the rows after line ${file.endsWith(".csv") ? 2 : 1})`
          ],
          counts: oneThenStop
        }
  )

const files: ReadonlyArray<Case> = [
  {
    id: "B02",
    what: "no such file",
    args: ["import", "items.csv", "--emulator", "--json"],
    code: 2,
    stderr: ["line-items: cannot read items.csv: no such file; check the path"]
  },
  {
    id: "B03",
    what: "a directory",
    args: ["import", "directory", "--emulator", "--json"],
    code: 2,
    stderr: ["line-items: cannot read directory: it is a directory; give a file"]
  },
  {
    id: "B03",
    what: "a device without end",
    args: ["import", "/dev/zero", "--emulator", "--json"],
    code: 2,
    stderr: [
      "line-items: /dev/zero:1:1: byte 1 of line 1 is a NUL (U+0000); remove it, or save the file as UTF-8"
    ]
  },
  {
    id: "B05",
    what: "an empty file",
    file: ["empty.csv", ""],
    code: 0,
    stderr: ["empty.csv: no rows"],
    counts: counted({})
  },
  { id: "B05", what: "an empty pipe", stdin: "", code: 0, stderr: ["stdin: no rows"], counts: counted({}) },
  {
    id: "B05",
    what: "an empty array",
    file: ["empty.json", "[]\n"],
    code: 0,
    stderr: ["empty.json: no rows"],
    counts: counted({})
  },
  {
    id: "B06",
    what: "a header only",
    file: ["header.csv", "name,price\n"],
    code: 0,
    stderr: ["header.csv: no rows"],
    counts: counted({})
  },
  {
    id: "B07",
    what: "a byte order mark",
    file: ["bom.csv", `\ufeff${good}`],
    code: 0,
    stderr: [],
    counts: one
  },
  ...syntax(
    "B08",
    "text that is not UTF-8",
    ["latin1.csv", latin1(csv("name,price", "A,1", "K\u00f6ln,2", "C,3"))],
    ":3:2",
    "byte 2 of line 3 is not valid UTF-8; save the file as UTF-8",
    ["pipe"]
  ),
  ...syntax(
    "B09",
    "a NUL byte",
    ["nul.csv", csv("name,price", "A,1", "B\u0000,2")],
    ":3:2",
    "byte 2 of line 3 is a NUL (U+0000); remove it, or save the file as UTF-8",
    ["file"]
  ),
  ...syntax(
    "B10",
    "too few columns",
    ["few.csv", csv("name,price", "A,1", "B")],
    ":3:1",
    "1 column, the header has 2; add the missing cells",
    ["file"]
  ),
  ...syntax(
    "B10",
    "too many columns",
    ["many.csv", csv("name,price", "A,1", "B,1,5", "C,2")],
    ":3:3",
    "3 columns, the header has 2; put a cell that holds a comma in quotes"
  ),
  ...syntax(
    "B11",
    "a quote that is never closed",
    ["quote.csv", csv("name,price", "A,1", 'B,"2', "C,3")],
    ":3:2",
    "the quote opened on line 3 is never closed; close it; inside a quoted cell a quote is written twice"
  ),
  {
    id: "B12",
    what: "a column twice",
    file: ["twice.csv", csv("name,price,name", "A,1,B")],
    code: 2,
    stderr: ['line-items: twice.csv:1:3: column "name" appears twice (1 and 3); rename or remove one']
  },
  {
    id: "B13",
    what: "an unknown property",
    file: ["prise.csv", csv("name,prise", "A,1", "B,")],
    code: 2,
    stderr: [
      'line-items: prise.csv: column "prise" is no property of the account; did you mean "price"? Take it so with --map prise=price, or leave it out with --ignore prise'
    ]
  },
  {
    id: "B13",
    what: "an unknown property, from a pipe",
    stdin: csv('{"name":"A","prise":1}', '{"name":"B"}'),
    code: 3,
    stderr: [
      'stdin:1: rejected: Property "prise" does not exist; use an internal name that is in HubSpot\'s Settings > Properties > Line item properties, create the property there, or put "_" before the column\'s name, and it is not sent'
    ],
    counts: counted({ inputs: 2, created: 1, rejected: 1 })
  },
  ...syntax(
    "B14",
    "a line that is not JSON",
    ["brace.ndjson", csv('{"name":"A"}', '{"name":"B"}}')],
    ":2:13",
    'unexpected "}"; correct the JSON there'
  ),
  ...(["array", "text", "null"] as const).flatMap((kind) =>
    syntax(
      "B15",
      `a line that is ${kind}`,
      [`${kind}.ndjson`, csv('{"name":"A"}', { array: "[1]", text: '"B"', null: "null" }[kind])],
      ":2:1",
      `expected an object, got ${kind}; each line item is one { … }`,
      [kind === "array" ? "pipe" : "file"]
    )
  ),
  ...syntax(
    "B17",
    "a line of more than 1 MiB",
    ["long.csv", csv("name,price", "A,1", `${long},2`)],
    ":3",
    "line 3 is longer than 1 MiB; split it; one row is one line item"
  ),
  ...syntax(
    "B17",
    "a line of more than 1 MiB in NDJSON",
    ["long.ndjson", csv('{"name":"A"}', `{"name":"${long}"}`)],
    ":2",
    "line 2 is longer than 1 MiB; one line is one line item",
    ["pipe"]
  ),
  {
    id: "B18",
    what: "gzip",
    file: ["items.csv.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0)],
    code: 2,
    stderr: [
      "line-items: items.csv.gz: the gzip file is broken, cut off, or several in one; make or fetch it again, or unpack it with gzip -d"
    ]
  },
  {
    id: "B18",
    what: "Excel",
    file: ["items.xlsx", latin1("PK\u0003\u0004\u0014\u0000\u0006\u0000")],
    code: 2,
    stderr: ["line-items: items.xlsx: the workbook is broken, or cut off; save or fetch it again"]
  },
  {
    id: "–",
    what: "a file of doubts",
    file: ["doubts.csv", csv("name,_doubt", "A,t-1")],
    code: 2,
    stderr: [
      'line-items: doubts.csv:1:2: a "_doubt" column: this is a file of inputs in doubt, importing it could create them twice; look for each in HubSpot first (`line-items resolve` will do that for jobs)'
    ]
  }
]

const rows: ReadonlyArray<Case> = [
  {
    id: "B09, B19, B20, B25",
    what: "wrong cells of a CSV file, among good rows",
    file: [
      "cells.csv",
      csv(
        "name,deal_id,quote_id,description",
        "A,1,,",
        "B\u0007,1,,",
        "E,12a,,",
        "F,-1,,",
        "G,9223372036854775808,,",
        "H,1,2,",
        ",1,,",
        "Z,9223,,"
      )
    ],
    code: 3,
    stderr: [
      'cells.csv: the parents in "deal_id", "quote_id" are not checked: the emulator knows none',
      "cells.csv:3:1: name: control character U+0007 at position 2; remove it",
      'cells.csv:4:2: deal_id: "12a" is not a HubSpot id; give the record\'s id: digits only',
      'cells.csv:5:2: deal_id: "-1" is not a HubSpot id; give the record\'s id: digits only',
      'cells.csv:6:2: deal_id: "9223372036854775808" is not a HubSpot id; give the record\'s id: digits only',
      "cells.csv:7:3: quote_id: 2 parents (deal, quote), a line item has one; keep one, and create a separate line item for each of the others",
      "cells.csv:8:1: nothing to send: no property has a value; fill in at least one"
    ],
    counts: counted({ inputs: 8, created: 2, invalid: 6 })
  },
  {
    id: "B19–B25, B30",
    what: "wrong values of NDJSON from a pipe, among good rows",
    stdin: csv(
      '{"name":"A","price":12.50,"hs_is_optional":true,"description":null}',
      '{"name":"B","prototype":"x"}',
      '{"name":{"x":1}}',
      '{"name":"C","price":"NaN"}',
      '{"name":"D","price":"Infinity"}',
      '{"name":"E","price":1e999}',
      '{"name":"F","price":"0.1000000000000000055511151231257827"}',
      `{"name":"G","description":"${"y".repeat(70_001)}"}`,
      '{"name":"H\\ud800"}',
      '{"name":"I","order_id":"4.5"}',
      '{"name":"J","objectWriteTraceId":"t-1"}',
      '{"name":"K","objectWriteTraceId":"t-1"}',
      `{"name":"L","objectWriteTraceId":"${"z".repeat(65)}"}`,
      `{"name":"M","${"n".repeat(101)}":"x"}`
    ),
    code: 3,
    stderr: [
      `stdin:2:25: prototype: property name "prototype" is not a valid internal name; ${name}`,
      "stdin:3:9: name: expected text, got object; give one value in quotes",
      `stdin:4:21: price: "NaN" is not a finite number; ${numeral}, or declare empty=NaN`,
      `stdin:5:21: price: "Infinity" is not a finite number; ${numeral}`,
      `stdin:6:21: price: "1e999" is not a finite number; ${numeral}`,
      "stdin:8:27: description: 70,001 characters, the limit is 65,536; shorten the text",
      "stdin:9:9: name: half of a surrogate pair: not valid Unicode; export the text as UTF-8 again",
      'stdin:10:24: order_id: "4.5" is not a HubSpot id; give the record\'s id: digits only',
      'stdin:12: objectWriteTraceId: trace id "t-1" is used twice, first in line 11; make it unique, or leave it out to have one made',
      "stdin:13:34: objectWriteTraceId: 65 characters, 1 to 64 are allowed; shorten it, or leave it out to have one made",
      `stdin:14:${13 + 101 + 2 + 1}: "${"n".repeat(39)}…": property name "${"n".repeat(39)}…" is not a valid internal name; ${name}`
    ],
    counts: counted({ inputs: 14, created: 3, invalid: 11 })
  },
  {
    id: "B19, B25, B26",
    what: "wrong objects in HubSpot's own form",
    file: [
      "objects.json",
      `[
{"properties":{"name":"A"},"associations":[{"to":{"id":1},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":20}]}]},
{"properties":{"name":"B","__proto__":"x"}},
{"properties":{"name":"C"},"associations":[{"to":{"id":"1"}}]},
{"properties":{"name":"D"},"associations":[{"to":{"id":"1"},"types":[]}]},
{"properties":{"name":"E"},"associations":[{"to":{"id":"x"},"types":[{"associationCategory":"HUBSPOT_DEFINED","associationTypeId":20}]}]},
{"properties":{"name":"F"},"associations":[{"to":{"id":"1"},"types":[{"associationTypeId":20}]}]},
{"properties":{"name":"G"},"associations":[{"to":{"id":"1"},"types":[{"associationCategory":"MINE","associationTypeId":20}]}]},
{"properties":{"name":"H"}}
]
`
    ],
    code: 3,
    stderr: [
      `objects.json:3:39: properties.__proto__: property name "__proto__" is not a valid internal name; ${name}`,
      "objects.json:4:44: associations[0].types: expected an array, got nothing; give at least one type",
      "objects.json:5:69: associations[0].types: no association type; give at least one",
      'objects.json:6:56: associations[0].to.id: "x" is not a HubSpot id; give the record\'s id: digits only',
      "objects.json:7:70: associations[0].types[0].associationCategory: expected a category, got nothing; HUBSPOT_DEFINED for HubSpot's own types",
      "objects.json:8: rejected: 20 is not a valid association type between line_items and other objects; give HUBSPOT_DEFINED and the type's id (20 for a deal), or use a column such as deal_id"
    ],
    counts: counted({ inputs: 8, created: 2, rejected: 1, invalid: 5 })
  }
]

const keyed: Case = {
  id: "B27, B28",
  what: "keys that are empty, not the only ones, or have blanks around them",
  file: ["keyed.csv", csv("name,hs_sku", "A,k1", "B,k2", "C,k1", "D,", "E, k5")],
  flags: ["--strategy", "guard", "--key-property", "import_key", "--key-column", "hs_sku"],
  code: 3,
  stderr: [
    'keyed.csv:4: properties.import_key: key "k1" is used twice, first in line 2; give every input a key of its own',
    "keyed.csv:5: properties.import_key: the key is empty; give every input a key of its own",
    'keyed.csv:6: properties.import_key: key " k5" has outer blanks; remove them'
  ],
  counts: counted({ inputs: 5, created: 2, invalid: 3 })
}

const hubspotFlags = ["import", "good.csv", "--json"]
const refusedToken = (what: string, token: string | undefined, said: string): Case => ({
  id: token === undefined || token === "" ? "B31" : "B32",
  what,
  // Nobody listens there: a token that was let through would show as exit code 75.
  args: [...hubspotFlags, "--base-url", "http://127.0.0.1:9"],
  token,
  code: 5,
  stderr: [`line-items: HUBSPOT_ACCESS_TOKEN ${said}`]
})
const invalidAt = (position: number) =>
  `has an invalid character (position ${position}); copy the token again, without blanks or quotes`

const credentials: ReadonlyArray<Case> = [
  refusedToken("no token", undefined, "is not set; set it to the token of a private app or a service key"),
  refusedToken("an empty token", "", "is not set; set it to the token of a private app or a service key"),
  refusedToken("a token of two lines", `${canary}\nmore`, invalidAt(canary.length + 1)),
  refusedToken("a token with a blank", `${canary} `, invalidAt(canary.length + 1)),
  refusedToken("a token with letters of another alphabet", `${canary}é`, invalidAt(canary.length + 1)),
  refusedToken("a header for a token", `Bearer ${canary}`, 'begins with "Bearer "; give the token alone'),
  refusedToken(
    "a token that was cut",
    "pat-eu1",
    "has 7 characters, a token has 8 to 4,096; copy it again in full"
  ),
  ...[["--token", canary], [`--token=${canary}`]].map((flags): Case => ({
    id: "B33",
    what: `a token on the command line (${flags.length})`,
    args: [...hubspotFlags, ...flags],
    code: 2,
    stderr: [
      "line-items: --token is not offered: it would show in process lists and shell history; set HUBSPOT_ACCESS_TOKEN"
    ]
  }))
]

const plain = "plain http is only allowed to this machine (127.0.0.1, localhost)"
const foreign =
  "host is not api.hubapi.com: only HubSpot and this machine (127.0.0.1, localhost) get the token"
const form = "base URL must be scheme://host[:port], nothing else"

const urls: ReadonlyArray<readonly [id: string, url: string, said: string]> = [
  ["B35", "http://example.com", plain],
  ["B36", "https://evil.com", foreign],
  ["B37", "https://api.hubapi.com@evil.com", form],
  ["B37", "https://api.hubapi.com?a=1", form],
  ["B37", "https:\\\\api.hubapi.com", form],
  ["B37", "https://api.hubapi.com/..", form],
  ["B38", "https://api.hubapi.com.evil.com", foreign],
  ["B38", "https://аpi.hubapi.com", form],
  ["B38", "https://api.hubapi.com.", foreign],
  ["B38", "http://[::1]:4010", plain],
  ["B38", "http://2130706433", plain]
]

const whole = (flag: string, range: string) => (text: string) =>
  [flag, text, `a whole number ${range}`] as const
const values: ReadonlyArray<readonly [id: string, flag: string, text: string, expected: string]> = [
  ...["0", "101", "1.5"].map((text) => ["B40", ...whole("batch-size", "from 1 to 100")(text)] as const),
  ...["0", "100000"].map(
    (text) => ["B41", ...whole("limit", "of requests per 10 seconds from 1 to 250, or auto")(text)] as const
  ),
  ...["100000"].map((text) => ["B42", ...whole("concurrency", "from 1 to 64, or auto")(text)] as const),
  ...["0", "1ms", "5"].map(
    (text) => ["B43", "timeout", text, "from 1s to 10m, with its unit, such as 30s"] as const
  )
]

const usage: ReadonlyArray<Case> = [
  {
    id: "B01",
    what: "no file",
    args: ["import"],
    code: 2,
    stderr: ['line-items: missing <input>: give a file, or "-" for the standard input']
  },
  ...urls.map(([id, url, said]): Case => ({
    id,
    what: `--base-url ${JSON.stringify(url)}`,
    args: [...hubspotFlags, "--base-url", url],
    token: canary,
    code: 2,
    stderr: [`line-items: --base-url: ${said}`]
  })),
  ...values.map(([id, flag, text, expected]): Case => ({
    id,
    what: `--${flag} ${text}`,
    flags: [`--${flag}`, text],
    file: ["good.csv", good],
    code: 2,
    stderr: [`line-items: --${flag}: "${text}" is not ${expected}`]
  })),
  {
    id: "B43",
    what: "Effect's own durations are taken",
    file: ["good.csv", good],
    flags: ["--timeout", "5 seconds"],
    code: 0,
    stderr: [],
    counts: one
  },
  {
    id: "B44",
    what: "a flag with a typing error",
    file: ["good.csv", good],
    flags: ["--concurency", "3"],
    code: 2,
    stderr: ["line-items: unknown flag --concurency; did you mean --concurrency?"]
  },
  ...[
    [
      ["--strategy", "guard"],
      "guard needs --key-property; if the account has no such property, make one with: line-items setup-key --key-property import_key"
    ],
    [["--key-column", "name"], "--key-column needs --key-property"],
    [
      ["--key-property", "import_key", "--key-column", "sku"],
      'good.csv: no column "sku"; name the key column as the header does'
    ],
    [["--key-property", "Import Key"], '--key-property: "Import Key" is not the internal name of a property']
  ].map(([flags, said]): Case => ({
    id: "–",
    what: `a strategy without its key: ${flags}`,
    file: ["good.csv", good],
    flags: flags as ReadonlyArray<string>,
    code: 2,
    stderr: [`line-items: ${said}`]
  })),
  {
    id: "B44",
    what: "a flag that is not known",
    file: ["good.csv", good],
    flags: ["--window", "0"],
    code: 2,
    stderr: ["line-items: unknown flag --window; see --help"]
  }
]

const argsOf = ({ args, file, flags = [] }: Case) =>
  args ?? ["import", file?.[0] ?? "-", "--emulator", "--json", ...flags]

const all = [...files, ...rows, keyed, ...credentials, ...usage]

/** The lines of the standard error, without those that only tell of progress. */
const linesOf = ({ stderr }: Finished) =>
  stderr
    .split("\n")
    .slice(0, -1)
    .filter((line) => !/ rows · .* requests · [\d.]+ m?s$/.test(line))

const waitOf = (task: string): string => {
  try {
    return readFileSync(task, "utf8")
  } catch {
    // A thread that has ended meanwhile.
    return ""
  }
}

/** Until a process waits for somebody to write to its pipe, as Linux tells; elsewhere for three seconds. */
const waitingFor = async (pid: number): Promise<void> => {
  const since = performance.now()
  while (performance.now() - since < (process.platform === "linux" ? 15_000 : 3000)) {
    const tasks = globSync(`/proc/${pid}/task/*/wchan`)
    if (tasks.some((task) => waitOf(task).includes("wait_for_partner"))) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe("bad input", () => {
  let place: Directory

  beforeAll(() => {
    place = directory()
    mkdirSync(place.at("directory"))
    place.write("good.csv", good)
  })

  afterAll(() => {
    endAll()
    place.remove()
  })

  for (const one of all) {
    it(`${one.id} ${one.what}`, async () => {
      if (one.file !== undefined) place.write(...one.file)
      const end = await run(argsOf(one), { ...one, cwd: place.path })
      // Outcomes of HubSpot come when they come, those of the file in its order.
      assert.deepStrictEqual(linesOf(end), one.stderr)
      assert.strictEqual(end.code, one.code)
      // A flag that cannot be read is no import, and nothing is printed for a script.
      const isImport = /^B(?:0[2-9]|1|3[12])/.test(one.id) || end.stdout !== ""
      if (one.counts !== undefined) assert.deepStrictEqual(countsOf(end), one.counts)
      else if (isImport) assert.deepStrictEqual(countsOf(end), nothing)
      else assert.strictEqual(end.stdout, "")
    })
  }

  it("B03 a pipe that nobody writes to is given up at the first Ctrl-C", async () => {
    execFileSync("mkfifo", [place.at("fifo")])
    const started = await startProcess(["import", "fifo", "--emulator", "--json"], { cwd: place.path })
    await waitingFor(started.pid)
    started.kill("SIGINT")
    const { code, stderr } = await started.finished
    assert.strictEqual(code, 130)
    assert.strictEqual(stderr, "line-items: interrupted; no row was sent\n")
  })

  it("B04 a file that may not be read", async () => {
    place.write("secret.csv", good)
    chmodSync(place.at("secret.csv"), 0)
    chmodSync(place.path, 0o755)
    const end = await runProcess(["import", "secret.csv", "--emulator", "--json"], {
      cwd: place.path,
      // Root may read everything.
      uid: process.getuid?.() === 0 ? 65534 : undefined
    })
    assert.deepStrictEqual(linesOf(end), [
      "line-items: cannot read secret.csv: permission denied; make it readable for this user"
    ])
    assert.strictEqual(end.code, 2)
    assert.deepStrictEqual(countsOf(end), nothing)
  })

  it("B16 an array of 100 MB goes through 80 MB of memory", async () => {
    const element = `{"name":"A","description":"${"y".repeat(400_000)}"}`
    const end = await runProcess(["import", "-", "--emulator", "--json", "--verbose"], {
      stdin: `[${Array.from({ length: 250 }, () => element).join(",\n")}]`,
      nodeOptions: "--max-old-space-size=80"
    })
    assert.deepStrictEqual(countsOf(end), counted({ inputs: 250, invalid: 250 }))
    assert.strictEqual(end.code, 3)
    assert.strictEqual(
      linesOf(end)[249],
      "stdin:250:27: description: 400,000 characters, the limit is 65,536; shorten the text"
    )
  })

  describe("B39 a redirect", () => {
    const served: Array<HttpServer> = []
    const listen = (status: number, location: () => string) =>
      new Promise<{ readonly url: string; readonly seen: Array<string> }>((resolve) => {
        const seen: Array<string> = []
        const server = createServer((request, response) => {
          if (request.url?.includes("/properties/") === true) {
            response
              .writeHead(200, { "content-type": "application/json" })
              .end('{"results":[{"name":"name","type":"string"}]}')
            return
          }
          seen.push(`${request.method} ${request.url}`)
          request.resume().on("end", () => response.writeHead(status, { location: location() }).end())
        })
        served.push(server)
        server.listen(0, "127.0.0.1", () =>
          resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen })
        )
      })

    afterAll(() => {
      for (const server of served) server.close()
    })

    it("is not followed, stops the import, and what was sent is in doubt", async () => {
      const target = await listen(201, () => "")
      const source = await listen(307, () => `${target.url}/elsewhere`)
      const end = await run(
        ["import", "-", "--json", "--base-url", source.url, "--batch-size", "1", "--concurrency", "1"],
        { token: canary, stdin: csv("name", "A", "B", "C") }
      )
      assert.deepStrictEqual(target.seen, [])
      assert.deepStrictEqual(source.seen, ["POST /crm/v3/objects/line_items/batch/create"])
      assert.deepStrictEqual(countsOf(end), counted({ inputs: 3, inDoubt: 1, notSent: 2 }, "CANCELED"))
      assert.strictEqual(end.code, 4)
      const host = new URL(target.url).host
      const said = `HTTP 307 redirects to ${host}; redirects are not followed`
      assert.deepStrictEqual(linesOf(end), [
        `stdin:2: in doubt: ${said}; look in HubSpot before you send it again`,
        `stdin: 2 rows not sent: ${said}`
      ])
    })
  })

  describe("files of the command's own", () => {
    const end = (...flags: ReadonlyArray<string>) =>
      run(["import", "good.csv", "--emulator", "--json", ...flags], { cwd: place.path })

    it("B54 a file that exists is not overwritten, the input least of all", async () => {
      const refused = await end("--rejects", "good.csv")
      assert.deepStrictEqual(linesOf(refused), [
        "line-items: good.csv exists; choose another name or remove it"
      ])
      assert.strictEqual(refused.code, 2)
      assert.deepStrictEqual(countsOf(refused), nothing)
      assert.strictEqual(place.read("good.csv"), good)
    })

    it("a directory that does not exist is named before anything is sent", async () => {
      const refused = await end("--rejects", "nowhere/rejects.csv")
      assert.deepStrictEqual(linesOf(refused), [
        "line-items: nowhere/rejects.csv cannot be written: no such directory; check the path and the space on its disk"
      ])
      assert.strictEqual(refused.code, 74)
    })

    it("files to write whose names cannot be meant are refused", async () => {
      const same = await end("--rejects", "both.csv", "--doubts", "both.csv")
      assert.deepStrictEqual(linesOf(same), [
        "line-items: two of --rejects, --doubts, --created and --report are the same file; give each its own"
      ])
      const wrong = await end("--rejects", "rejects.ndjson")
      assert.deepStrictEqual(linesOf(wrong), [
        "line-items: rejects.ndjson: rows of this input are written as CSV; name it .csv"
      ])
      assert.deepStrictEqual([same.code, wrong.code], [2, 2])
      assert.isFalse(place.exists("both.csv"))
    })

    it("an import that does not take place leaves no file behind", async () => {
      const refused = await end("--rejects", "left.csv", "--doubts", "good.csv")
      assert.strictEqual(refused.code, 2)
      assert.isFalse(place.exists("left.csv"))
    })
  })

  describe("small mistakes", () => {
    const end = (...args: ReadonlyArray<string>) => run(args, { cwd: place.path })

    it("a flag that lacks its value is told so", async () => {
      const [line, ...more] = linesOf(await end("import", "good.csv", "--emulator", "--batch-size"))
      assert.deepStrictEqual(more, [])
      assert.match(line ?? "", /^line-items: --batch-size: .*whole number from 1 to 100/)
    })

    it("a negative duration is one wrong value, not three wrong flags", async () => {
      assert.strictEqual(linesOf(await end("import", "good.csv", "--emulator", "--timeout", "-5s")).length, 1)
    })

    it("a flag given twice is told so", async () => {
      const twice = ["--batch-size", "5", "--batch-size", "7"]
      assert.match(linesOf(await end("import", "good.csv", "--emulator", ...twice))[0] ?? "", /twice|once/)
    })

    it("an unknown parent is named with its cell and an advice of its own", async () => {
      place.write("parent.csv", csv("name,deal_id", "A,1234567890123"))
      assert.match(
        linesOf(await end("import", "parent.csv", "--emulator"))[1] ?? "",
        /^parent\.csv:2:2: rejected: .*; open the parent in HubSpot, and copy the id from its address; .*$/
      )
    })

    it("a day that no month has is invalid, and so is a term that does not fit its frequency", async () => {
      place.write("day.csv", csv("name,hs_recurring_billing_start_date", "A,2027-02-30"))
      const day = await end("import", "day.csv", "--emulator")
      assert.strictEqual(day.code, 3)
      assert.deepStrictEqual(linesOf(day), [
        'day.csv:2:2: hs_recurring_billing_start_date: "2027-02-30" is not a day of the calendar; write a day that exists, as 2026-11-23 (year-month-day)'
      ])
      place.write(
        "term.csv",
        csv("name,recurringbillingfrequency,hs_recurring_billing_period", "A,weekly,P12M", "B,monthly,24")
      )
      assert.deepStrictEqual(linesOf(await end("import", "term.csv", "--emulator")), [
        'term.csv:2:3: hs_recurring_billing_period: "P12M" does not fit the billing frequency "weekly"; write weeks or days, such as P52W',
        'term.csv:3:3: hs_recurring_billing_period: "24" is not a billing period; write years, months and days as P1Y6M (12 months: P12M), or weeks as P2W'
      ])
    })
  })
})
