/**
 * Files of rows that HubSpot takes.
 */
import { createWriteStream } from "node:fs"
import { once } from "node:events"

export const writeRows = async (path: string, rows: number): Promise<void> => {
  const file = createWriteStream(path)
  file.write("name,price,quantity,deal_id\n")
  for (let n = 0; n < rows; n += 1000) {
    const some = Array.from({ length: Math.min(1000, rows - n) }, (_, m) => {
      const index = n + m
      return `Seat ${index},19.90,1,${4000 + (index % 900)}\n`
    })
    if (!file.write(some.join(""))) await once(file, "drain")
  }
  file.end()
  await once(file, "close")
}
