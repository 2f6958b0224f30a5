/**
 * Links of the pages, and pages that sources name. A link leads to a file that is there, and to a heading of it.
 */
import { assert, describe, it } from "@effect/vitest"
import { existsSync, globSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import { guides, pages, prose, read, references, root } from "./pages.ts"

const repository = /^https:\/\/github\.com\/[\w-]+\/effect-hubspot\/(?:blob|tree)\/main\//

/** A heading as GitHub names it in a link. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-")

const headingsOf = (file: string): ReadonlySet<string> =>
  new Set([...prose(read(file)).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading!)))

/** What is wrong with a link of a file, if anything. */
const wrong = (file: string, link: string): string | undefined => {
  const isHere = repository.test(link)
  if (/^(?:https?|mailto):/.test(link) && !isHere) return undefined
  const [path = "", anchor] = link.replace(repository, "").split("#")
  const target = path === "" ? file : isHere ? path : normalize(join(dirname(file), path))
  if (!existsSync(join(root, target))) {
    return `${file}: ${link}: no such file`
  }
  if (anchor === undefined || !target.endsWith(".md")) return undefined
  return headingsOf(target).has(anchor) ? undefined : `${file}: ${link}: no such heading`
}

const linksOf = (text: string): ReadonlyArray<string> =>
  [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)

describe("the pages", () => {
  it("have links that lead somewhere", () => {
    const files = [
      ...new Set([
        ...pages,
        ...globSync(["*.md", "docs/**/*.md", "packages/*/*.md", ".github/**/*.md"], { cwd: root })
      ])
    ].filter((file) => file !== "CHANGELOG.md")
    const links = files.flatMap((file) => linksOf(read(file)).map((link) => ({ file, link })))
    assert.isAtLeast(links.length, 100)
    assert.deepStrictEqual(
      links.flatMap(({ file, link }) => wrong(file, link) ?? []),
      []
    )
    // The test sees what there is to see.
    assert.isDefined(wrong("README.md", "docs/nowhere.md"))
    assert.isDefined(wrong("README.md", "docs/failures.md#nowhere"))
  })

  it("are there where a source names one", () => {
    const named = globSync(
      ["packages/*/src/**/*.ts", "packages/*/package.json", "test/**/*.{ts,json}", "*.json"],
      {
        cwd: root,
        exclude: (file) => file.includes("node_modules") || file.includes(".examples")
      }
    ).flatMap((file) =>
      [...read(file).matchAll(/(?<![\w.:-])(?<!test\/)docs\/[\w/-]+\.(?:md|ts|csv|json)\b/g)].map(
        ([path]) => ({
          file,
          path
        })
      )
    )
    assert.isAtLeast(named.length, 20)
    assert.deepStrictEqual(
      named.filter(({ path }) => !existsSync(join(root, path)) && path !== "docs/nowhere.md"),
      []
    )
  })

  it("are reached from the README", () => {
    const seen = new Set<string>()
    const walk = (file: string): void => {
      if (seen.has(file) || !existsSync(join(root, file))) return
      seen.add(file)
      for (const link of linksOf(read(file))) {
        const [path = ""] = link.split("#")
        if (path.endsWith(".md") && !path.includes(":")) walk(normalize(join(dirname(file), path)))
      }
    }
    walk("README.md")
    assert.deepStrictEqual(
      pages.filter((page) => !seen.has(page)),
      []
    )
  })

  it("have at most 1,200 words, unless things are looked up in them", () => {
    assert.isAtLeast(guides.length, 12)
    for (const page of references) assert.isTrue(pages.includes(page), page)
    for (const page of guides) {
      const words = read(page)
        .split(/\s+/)
        .filter((word) => /[\p{L}\p{N}]/u.test(word))
      assert.isAtMost(words.length, 1200, page)
    }
  })
})
