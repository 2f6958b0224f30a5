/** Checks an option: any value but a whole number within the bounds is a defect. */
export const inRange = (name: string, value: number, from: number, to: number): number => {
  if (Number.isInteger(value) && value >= from && value <= to) return value
  throw new RangeError(`${name} must be a whole number from ${from} to ${to}, got ${value}`)
}
