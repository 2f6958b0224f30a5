/**
 * A registry that has our packages from their tarballs, and nothing else: npm asks it for the scope `@effect-hubspot` only.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { basename } from "node:path"

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, null | string | { readonly types: string }>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** The manifest of a packed package. */
export const manifestOf = (tarball: string): Manifest =>
  JSON.parse(spawnSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" }).stdout)

/** Serves the tarballs. `flag` makes npm use it. */
export const serve = async (tarballs: ReadonlyArray<string>) => {
  const server = Http.createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "").slice(1)
    const tarball = tarballs.find((file) => basename(file) === path || manifestOf(file).name === path)
    if (tarball === undefined) return response.writeHead(404).end("{}")
    const bytes = readFileSync(tarball)
    if (path === basename(tarball)) return response.end(bytes)
    const manifest = manifestOf(tarball)
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`
    const dist = { tarball: `${url}/${basename(tarball)}`, integrity }
    return response.setHeader("content-type", "application/json").end(
      JSON.stringify({
        name: manifest.name,
        "dist-tags": { latest: manifest.version },
        versions: { [manifest.version]: { ...manifest, dist } }
      })
    )
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { flag: `--@effect-hubspot:registry=${url}/`, close: () => server.close() }
}
