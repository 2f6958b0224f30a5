/**
 * The parts of a workbook, as Effect's `Zip` finds them: one after the other from the beginning, without the directory at the
 * end. So what a part needs of a later one takes another reading. Nothing is held but the chunk that is inflated.
 */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Xml from "effect/encoding/Xml"
import * as Zip from "effect/encoding/Zip"
import * as Stream from "effect/Stream"
import * as Pull from "../pull.ts"
import { type Failure, failure, size } from "../row.ts"

/** A file of more parts is no workbook that people write. */
const maxParts = 10_000

/** The longest tag or text, and the deepest nesting. Excel's own texts have at most 32,767 characters. */
const limits = { maxTokenSize: 1024 * 1024, maxDepth: 64 }

/** What is done with the content of a part. */
export type Reader<B> = <E>(body: Stream.Stream<Uint8Array, E>) => Stream.Stream<B, E | Failure>

/** Names of parts have no case, and some programs write them with backslashes. */
export const pathOf = (name: string): string => name.replaceAll("\\", "/").replace(/^\/+/, "").toLowerCase()

export const broken = (problem: string, at: { readonly line?: number; readonly column?: number } = {}) =>
  failure(at, problem, "save the workbook again in a spreadsheet program")

const ofZip = (error: Zip.ZipError): Failure =>
  error.kind === "Unsupported"
    ? broken(`the workbook cannot be unpacked: ${error.message}`)
    : failure({}, "the workbook is broken, or cut off", "save or fetch it again")

/**
 * What `readerOf` makes of the parts of a workbook; a part without a reader is passed over. The reading ends behind `last`. All
 * parts together hold at most `limit` bytes.
 */
export const read = <E, B>(
  bytes: Stream.Stream<Uint8Array, E>,
  limit: number,
  readerOf: (path: string) => Reader<B> | undefined,
  last?: string
): Stream.Stream<B, E | Failure> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    let length = 0
    const counted = (chunk: Uint8Array): Effect.Effect<Uint8Array, Failure> => {
      length += chunk.length
      return length > limit
        ? Effect.fail(
            failure({}, `the workbook holds more than ${size(limit)}`, "split it into several files")
          )
        : Effect.succeed(chunk)
    }
    return bytes.pipe(
      Stream.pipeThroughChannel(Zip.decode<E>()),
      Stream.takeUntil(({ header }) => pathOf(header.path) === last),
      Stream.flatMap(({ body, header }): Stream.Stream<B, E | Zip.ZipError | Failure> => {
        const path = pathOf(header.path)
        if (seen.has(path)) return Stream.fail(broken(`the workbook has the part ${path} twice`))
        if (seen.size === maxParts) return Stream.fail(broken(`the workbook has more than ${maxParts} parts`))
        seen.add(path)
        const content = Stream.mapEffect(body, counted)
        return readerOf(path)?.(content) ?? Stream.drain(content)
      }),
      Stream.mapError((error) => (Zip.isZipError(error) ? ofZip(error) : (error as E | Failure)))
    )
  })

/** Elements, their ends, and texts. */
export type Node = Xml.StartElement | Xml.EndElement | Xml.Text

/** An inflated chunk has thousands of elements, which are never needed all at once. */
const pieceLength = 8 * 1024

const pieces = (chunks: ReadonlyArray<Uint8Array>) =>
  chunks.flatMap((chunk) =>
    Array.from({ length: Math.max(1, Math.ceil(chunk.length / pieceLength)) }, (_, index) =>
      chunk.subarray(index * pieceLength, (index + 1) * pieceLength)
    )
  ) as unknown as Arr.NonEmptyArray<Uint8Array>

/** Reads a part as XML. It must have no DOCTYPE. */
export const xml =
  <B>(path: string, make: () => Pull.Machine<Node, B, Failure>): Reader<B> =>
  <E>(body: Stream.Stream<Uint8Array, E>) => {
    const events = body.pipe(
      Stream.mapArray(pieces),
      Stream.rechunk(1),
      Stream.pipeThroughChannel(Xml.decode<E>(limits)),
      Stream.mapError((error): E | Failure =>
        Xml.isXmlError(error) ? broken(`the part ${path} cannot be read: ${error.message}`) : (error as E)
      )
    )
    const read = Stream.transformPull(events, (pull) =>
      Effect.sync(() => Pull.run(pull, nodes(path, make())))
    )
    return read as Stream.Stream<B, E | Failure>
  }

const nodes = <B>(
  path: string,
  machine: Pull.Machine<Node, B, Failure>
): Pull.Machine<Xml.Event, B, Failure> => ({
  ...machine,
  step: (event, out) => {
    switch (event._tag) {
      case "StartElement":
      case "EndElement":
      case "Text":
        return machine.step(event, out)
      case "Doctype":
        return broken(`the part ${path} has a DOCTYPE`)
      default:
        return undefined
    }
  }
})

/** Reads the elements of a part that matter by themselves, whatever they are in. */
export const elements = (
  path: string,
  step: (name: string, element: Xml.StartElement) => Failure | undefined
): Reader<never> =>
  xml(path, () => ({
    step: (node) => (node._tag === "StartElement" ? step(local(node.name), node) : undefined)
  }))

/** A name without its prefix. */
export const local = (name: string): string => {
  const colon = name.indexOf(":")
  return colon === -1 ? name : name.slice(colon + 1)
}
