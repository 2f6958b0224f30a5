/**
 * Files of rows that HubSpot takes; with `wrong`, but for each so many-th, whose price is no number.
 */
import { createWriteStream } from "node:fs"
import { once } from "node:events"

export const writeRows = async (path: string, rows: number, wrong = Infinity): Promise<void> => {
  const file = createWriteStream(path)
  file.write("name,price,quantity,deal_id\n")
  for (let n = 0; n < rows; n += 1000) {
    const some = Array.from({ length: Math.min(1000, rows - n) }, (_, m) => {
      const index = n + m
      const price = (index + 1) % wrong === 0 ? "free" : "19.90"
      return `Seat ${index},${price},1,${4000 + (index % 900)}\n`
    })
    if (!file.write(some.join(""))) await once(file, "drain")
  }
  file.end()
  await once(file, "close")
}
