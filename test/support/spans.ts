/**
 * A tracer for tests, told of the spans that begin and end.
 */
import * as Tracer from "effect/Tracer"

export const tracer = (told: {
  readonly began?: (span: Tracer.NativeSpan) => void
  readonly ended?: (span: Tracer.NativeSpan) => void
}): Tracer.Tracer =>
  Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      told.began?.(span)
      const end = span.end.bind(span)
      span.end = (...how) => {
        end(...how)
        told.ended?.(span)
      }
      return span
    }
  })

/** A tracer that keeps every span. */
export const recorder = () => {
  const spans: Array<Tracer.NativeSpan> = []
  return { spans, tracer: tracer({ began: (span) => void spans.push(span) }) }
}
