/** An option that is a whole number within bounds; anything else is a defect of the caller's. */
export const inRange = (name: string, value: number, from: number, to: number): number => {
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw new RangeError(`${name} must be a whole number from ${from} to ${to}, got ${value}`)
}
