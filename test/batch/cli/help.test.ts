/**
 * The help of the command, its versions, its colours, and what shells complete.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { chmodSync } from "node:fs"
import { join } from "node:path"
import * as Declare from "../../../packages/batch/src/cli/Declare.ts"
import * as FileFormat from "../../../packages/batch/src/files/FileFormat.ts"
import * as Binary from "../../support/binary.ts"
import * as Command from "../../support/command.ts"
import { type Directory, directory, run } from "./run.ts"

let files: Directory
beforeAll(() => {
  files = directory()
})
afterAll(() => files.remove())

const commands =
  "import check resume retry jobs status cancel forget resolve undo submit worker serve setup-key doctor demo".split(
    " "
  )

const at = async (
  columns: number | undefined,
  env: Readonly<Record<string, string>>,
  ...args: ReadonlyArray<string>
) => (await Command.start({ args, cwd: files.path, env, columns }).finished).stdout

describe("The help", () => {
  it("of every command is no wider than the terminal, and has examples, exit codes and variables", async () => {
    for (const name of commands) {
      for (const columns of [60, 80, 120, undefined]) {
        const text = await at(columns, {}, name, "--help")
        // A command is pasted, so it is not divided.
        const lines = text.split("\n").filter((line) => !/^ {2}(line-items|cat) /.test(line))
        for (const line of lines) assert.isAtMost(line.length, columns ?? 80, `${name}: ${line}`)
        for (const title of ["USAGE", "EXAMPLES", "EXIT CODES", "ENVIRONMENT"])
          assert.include(text, `\n${title}\n`)
      }
    }
  })

  it("is also had by help, and of a command that there is not it is said so", async () => {
    assert.strictEqual(await at(80, {}, "help", "import"), await at(80, {}, "import", "--help"))
    assert.strictEqual(await at(80, {}, "help"), await at(80, {}, "--help"))
    const wrong = await run(["help", "imprt"])
    assert.strictEqual(wrong.code, 2)
    assert.strictEqual(wrong.stderr, "line-items: unknown command imprt; line-items help lists them\n")
  })

  it("of --declare names every key that has no flag of its own", () => {
    const own = ["map", "ignore", "find", "set"]
    assert.sameMembers(
      Declare.keys.split(", "),
      Object.keys(FileFormat.FileFormat.fields).filter((key) => !own.includes(key))
    )
  })

  it("offers no wizard", async () => {
    assert.notInclude(await at(80, {}, "--help"), "wizard")
    assert.strictEqual((await run(["import", "--wizard"])).code, 2)
  })
})

describe("Colours", () => {
  const text = "name,price\nA,1\nB,-1\n"
  it("are on a terminal only, and go by NO_COLOR and FORCE_COLOR", async () => {
    files.write("colour.csv", text)
    const args = ["import", "colour.csv", "--emulator"]
    assert.include(await at(80, {}, ...args), "\u001b[32mcreated   1\u001b[39m   in HubSpot")
    assert.notInclude(await at(80, { NO_COLOR: "1" }, ...args), "\u001b")
    assert.notInclude(await at(undefined, {}, ...args), "\u001b")
    assert.include(await at(undefined, { FORCE_COLOR: "1" }, ...args), "\u001b[31mrejected  1\u001b[39m")
  })
})

describe("How much is said", () => {
  it("of one cause three rows are named and the rest is counted, with --verbose all, with --quiet none", async () => {
    files.write("many.csv", `name,price\n${"A,-1\nB,x\n".repeat(30)}`)
    const args = ["import", "many.csv", "--emulator", "--keep-going"]
    const { stderr, stdout } = await run(args, { cwd: files.path })
    assert.lengthOf(stderr.match(/^many\.csv:\d+:2: rejected: /gm) ?? [], 3)
    assert.lengthOf(stderr.match(/^many\.csv:\d+:2: price: "x" /gm) ?? [], 3)
    assert.include(stderr, 'many.csv: 27 more rows like line 3: price: "…" is not a finite number\n')
    assert.match(stderr, /^many\.csv: 27 more rows like line 2: rejected: price: -1 is not a valid price/m)
    assert.include(stderr, "… and so on; --rejects <file> keeps every one of them")
    const verbose = await run([...args, "-v"], { cwd: files.path })
    assert.lengthOf(verbose.stderr.match(/^many\.csv:\d+:2: /gm) ?? [], 60)
    assert.notInclude(verbose.stderr, "and so on")
    const quiet = await run([...args, "-q"], { cwd: files.path })
    assert.strictEqual(quiet.stderr, "")
    assert.strictEqual(quiet.code, 3)
    assert.strictEqual(quiet.stdout.replace(/^.*\n/, ""), stdout.replace(/^.*\n/, ""))
    assert.strictEqual((await run([...args, "-q", "-v"])).code, 2)
  })
})

describe("Completion in bash", () => {
  it("knows commands, flags, files and the ids of the jobs", async () => {
    files.write("rows.csv", "name\nA\n")
    files.write("complete.sh", await at(undefined, {}, "--completions", "bash"))
    files.write("line-items", '#!/bin/sh\n[ "$*" = "jobs --quiet --state-dir st" ] && printf "q3\\nq4\\n"\n')
    chmodSync(files.at("line-items"), 0o755)
    const completed = (...words: ReadonlyArray<string>) =>
      execFileSync(
        "bash",
        [
          "--norc",
          "-c",
          `source ./complete.sh; COMP_WORDS=(line-items "$@"); COMP_CWORD=\${CWORD:-$#}; COMP_LINE="\${COMP_WORDS[*]}"; COMP_POINT=\${#COMP_LINE}; _line_items_words line-items "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"; printf '%s\\n' "\${COMPREPLY[@]}"`,
          "bash",
          ...words
        ],
        {
          cwd: files.path,
          encoding: "utf8",
          env: {
            PATH: `${files.path}:${process.env.PATH ?? ""}`,
            ...(words.includes("st") && { CWORD: "2" })
          }
        }
      )
        .trim()
        .split("\n")
    assert.deepStrictEqual(completed("res"), ["resume", "resolve"])
    assert.deepStrictEqual(completed("help", "und"), ["undo"])
    assert.deepStrictEqual(completed("import", "--rej"), ["--rejects"])
    assert.deepStrictEqual(completed("import", "ro"), ["rows.csv"])
    assert.deepStrictEqual(completed("resume", "q", "--state-dir", "st"), ["q3", "q4"])
  })
})

describe("Completion in fish", () => {
  it("asks for the jobs of --state-dir, if the line has it", async () => {
    const script = await at(undefined, {}, "--completions", "fish")
    assert.include(script, "(contains -i -- --state-dir $words)")
    assert.match(script, /seen_subcommand_from resume .* -a '\(__line_items_jobs\)'/)
  })
})

describe("A reader that has gone", () => {
  it("is quiet on every command that prints", async () => {
    const bin = join(Binary.root, "packages/batch/src/bin.ts")
    for (const args of ["help import", "--completions zsh", "import colour.csv --emulator"]) {
      const started = Binary.start({
        command: [
          "sh",
          "-c",
          `{ "${Binary.node}" "${bin}" ${args} 2>err.txt; echo "code $?" >>err.txt; } | true; cat err.txt`
        ],
        cwd: files.path,
        env: { HOME: files.path, PATH: process.env.PATH ?? "" }
      })
      started.end()
      const { stdout } = await started.finished
      assert.notMatch(stdout, /EPIPE|Error|bug/, args)
      assert.match(stdout, /code [03]\n$/, args)
    }
  })
})
