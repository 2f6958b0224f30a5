/**
 * A durable import, as the command makes it, that strikes itself with a signal at a point. The command has no such
 * points: it is built here of the same parts, with what it calls wrapped.
 */
import * as DurableImport from "../../packages/batch/src/cli/DurableImport.ts"
import * as JobRun from "../../packages/batch/src/cli/JobRun.ts"
import * as Process from "../../packages/batch/src/cli/Process.ts"
import * as Secrets from "../../packages/batch/src/cli/Secrets.ts"
import * as DoubtStrategy from "@effect-hubspot/batch/doubt/DoubtStrategy"
import * as JobStore from "@effect-hubspot/batch/jobs/JobStore"
import * as Credentials from "@effect-hubspot/http/Credentials"
import * as LineItems from "@effect-hubspot/http/LineItems"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Tracer from "effect/Tracer"
import { type Place, runtimeOf } from "./place.ts"
import type { Point } from "./points.ts"

/** What a process is to do. */
export interface Work {
  readonly database: Place
  readonly url: string
  readonly jobId: string
  /** A file to import. Without one the job is resumed. */
  readonly input?: string | undefined
  readonly strategy: Strategy
  readonly keyProperty?: string | undefined
  readonly batchSize: number
  readonly concurrency: number
  readonly rejects: string
  readonly doubts: string
  readonly point?: Point | undefined
  readonly leaseMillis?: number | undefined
}

export type Strategy = "failVisible" | "guard"

/** The import; it succeeds with the exit code. */
export const importing = (work: Work) => {
  const { point } = work
  let calls = 0

  const strike = () => process.kill(process.pid, point?.signal ?? "SIGKILL")
  const isHere = (what: string, when: Point["when"]): boolean =>
    point?.what === what && point.when === when && ++calls === point.nth

  const around = <A, E, R>(what: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.suspend(() => {
      if (isHere(what, "before")) strike()
      // The server has a request by then, and has not answered it yet.
      if (isHere(what, "amid")) setTimeout(strike, ["send", "ask"].includes(what) ? 8 : 0)
      return Effect.tap(effect, () =>
        Effect.sync(() => {
          if (isHere(what, "after")) strike()
        })
      )
    })

  const wrapped = <S extends object>(service: S): S =>
    new Proxy(service, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== "function") return value
        return (...given: ReadonlyArray<unknown>) => {
          const made: unknown = Reflect.apply(value, target, given)
          return Effect.isEffect(made) ? around(String(name), made) : made
        }
      }
    })

  /** What is asked before the job is taken is no look-up. */
  let taken = false
  const store = (service: JobStore.Service): JobStore.Service => {
    const all = wrapped(service)
    const lease = work.leaseMillis
    return {
      ...all,
      log: wrapped(service.log),
      claim: (jobId, taking) =>
        Effect.tap(all.claim(jobId, lease === undefined ? taking : { ...taking, lease }), () =>
          Effect.sync(() => {
            taken = true
          })
        )
    }
  }

  const client = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.make((request) => {
        const answer = client.execute(request)
        if (!taken) return answer
        return around(/\/batch\/(create|upsert)$/.test(request.url) ? "send" : "ask", answer)
      })
    )
  ).pipe(Layer.provide(NodeHttpClient.layerUndici))

  const files = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (fs) => ({
      ...fs,
      open: (path, options) => {
        const file = fs.open(path, options)
        if (path !== work.rejects && path !== work.doubts) return file
        return Effect.map(
          around("open", file),
          (file) =>
            new Proxy(file, {
              get: (target, name) => {
                const value: unknown = Reflect.get(target, name)
                if (typeof value !== "function") return value
                if (name !== "writeAll") return value.bind(target)
                return (bytes: Uint8Array) => around("write", target.writeAll(bytes))
              }
            })
        )
      }
    }))
  )

  /** Every statement is a span. When it ends in a transaction, nothing is committed yet. */
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      const end = span.end.bind(span)
      span.end = (...how) => {
        end(...how)
        if (point?.when !== "statement") return
        const text = String(span.attributes.get("db.query.text")).replace(/\s+/g, " ").replaceAll('"', "")
        if (text.includes(point.what) && isHere(point.what, "statement")) strike()
      }
      return span
    }
  })

  const layer = Layer.mergeAll(
    Layer.effect(JobStore.JobStore, Effect.map(JobStore.JobStore, store)).pipe(
      Layer.provide(runtimeOf(work.database))
    ),
    LineItems.layer({ baseUrl: work.url, limit: "auto" }).pipe(
      Layer.provide(Layer.merge(client, Credentials.layer(Redacted.make("pat-eu1-crash"))))
    ),
    files
  )

  const options: DurableImport.Options = {
    jobId: work.jobId,
    input: { path: work.input ?? "" },
    format: undefined,
    rejects: work.rejects,
    doubts: work.doubts,
    batchSize: work.batchSize,
    concurrency: work.concurrency,
    // Nobody waits for two minutes here. The emulator has worked on what the dead sent long before that.
    strategy:
      work.strategy === "guard" ? DoubtStrategy.guard({ quiet: "400 millis" }) : DoubtStrategy.failVisible,
    keyProperty: work.keyProperty
  }
  const planned = work.input === undefined ? Effect.void : DurableImport.plan(options)
  return planned.pipe(
    Effect.andThen(
      JobRun.carryOn({ ...options, check: work.input === undefined }, ({ summary }) =>
        Console.log(JSON.stringify(summary))
      )
    ),
    Effect.map(({ code }) => code),
    Effect.scoped,
    Effect.provide(layer),
    Effect.catchTag("Exit", ({ code, lines }) =>
      Effect.as(
        Effect.forEach(lines, (line) => Console.error(line)),
        code
      )
    ),
    Effect.orDie,
    Secrets.unprinted,
    Effect.withTracer(tracer)
  )
}

if (import.meta.main) {
  Process.heedTerminal()
  NodeRuntime.runMain(
    Effect.provide(
      importing(JSON.parse(process.argv[2]!) as Work),
      Layer.merge(NodeServices.layer, Process.layer)
    ),
    { teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? Number(exit.value) : 130) }
  )
}
