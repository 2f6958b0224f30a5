/**
 * Where the objects of a JSON text are: the path of each array of objects and of each object, with the keys that its objects
 * have. It reads text in parts, and holds paths and keys, not values.
 */

/** The objects of one path. `inArray` if they are the elements of an array. */
export interface Place {
  readonly path: ReadonlyArray<string>
  readonly inArray: boolean
  readonly keys: Set<string>
  /** Keys whose values are objects, and of how many objects. */
  readonly objects: Map<string, number>
  /** How many objects there are. */
  count: number
}

interface Frame {
  readonly isArray: boolean
  readonly place: Place | undefined
  key: string
  expectsKey: boolean
}

const mostPlaces = 200
const mostKeys = 500
const mostDepth = 32

const text = /"((?:[^"\\\n]|\\[^\n])*)"/y
const other = /[^\s"{}[\],:]+/y

export const make = () => {
  const places = new Map<string, Place>()
  const open: Array<Frame> = []
  let carry = ""
  let broken = false

  const pathOf = (): ReadonlyArray<string> => open.map(({ isArray, key }) => (isArray ? "[]" : key))

  const placeOf = (): Place | undefined => {
    const path = pathOf()
    const key = path.join("\n")
    const known = places.get(key)
    if (known !== undefined || places.size >= mostPlaces) return known
    const made: Place = {
      path,
      inArray: open.at(-1)?.isArray === true,
      keys: new Set(),
      objects: new Map(),
      count: 0
    }
    places.set(key, made)
    return made
  }

  const value = (isObject: boolean): void => {
    const frame = open.at(-1)
    if (!isObject || frame?.isArray !== false || frame.place === undefined) return
    const { objects } = frame.place
    objects.set(frame.key, (objects.get(frame.key) ?? 0) + 1)
  }

  const string = (content: string): void => {
    const frame = open.at(-1)
    if (frame === undefined || frame.isArray || !frame.expectsKey) return
    frame.key = content
    frame.expectsKey = false
    if (frame.place !== undefined && frame.place.keys.size < mostKeys) frame.place.keys.add(content)
  }

  const step = (part: string): void => {
    if (broken) return
    const all = carry + part
    let i = 0
    while (i < all.length && !broken) {
      const c = all[i]!
      if (c === '"') {
        text.lastIndex = i
        const found = text.exec(all)
        if (found === null) break
        string(found[1] ?? "")
        i = text.lastIndex
        continue
      }
      if (c === "{" || c === "[") {
        value(c === "{")
        const place = c === "{" ? placeOf() : undefined
        if (place !== undefined) place.count++
        open.push({ isArray: c === "[", place, key: "", expectsKey: c === "{" })
        broken = open.length > mostDepth
      } else if (c === "}" || c === "]") open.pop()
      else if (c === ",") {
        const frame = open.at(-1)
        if (frame !== undefined) frame.expectsKey = !frame.isArray
      } else if (c !== ":" && c.trim() !== "") {
        other.lastIndex = i
        if (other.exec(all) === null) broken = true
        else i = other.lastIndex - 1
      }
      i++
    }
    carry = all.slice(i)
    // A text that does not end is for the reader.
    if (carry.length > 1024 * 1024) broken = true
  }

  return { step, places: (): ReadonlyArray<Place> => [...places.values()] }
}
