import type { IncomingMessage } from 'node:http'

/** Why a request's body was not read. */
export type BodyRefusal = { readonly status: 413 | 503; readonly reason: string }

/** Reads bodies within a size each and a total for all that are held at once. */
export interface BodyReader {
  /**
   * The body as text (undefined when the client went away), or why it is refused; what is left of a refused body stays unread.
   * Call `release` when done with it.
   */
  read(request: IncomingMessage): Promise<{ text: string; release: () => void } | BodyRefusal | undefined>
}

/** Creates a body reader; sizes in bytes. */
export function createBodyReader(maxBodyBytes: number, maxHeldBytes: number): BodyReader {
  let heldBytes = 0
  return {
    read: async (request) => {
      const chunks: Uint8Array[] = []
      let sizeBytes = 0
      const release = () => {
        heldBytes -= sizeBytes
        sizeBytes = 0
      }
      if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLarge(maxBodyBytes)
      try {
        // A loop over the request itself would destroy the connection on an early return, and the refusal with it.
        for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
          sizeBytes += chunk.length
          heldBytes += chunk.length
          if (sizeBytes > maxBodyBytes) return refuse(release, tooLarge(maxBodyBytes))
          if (heldBytes > maxHeldBytes) return refuse(release, { status: 503, reason: 'server is busy: try again' })
          chunks.push(chunk)
        }
      } catch {
        release()
        return undefined
      }
      return { text: Buffer.concat(chunks).toString('utf8'), release }
    },
  }
}

function refuse(release: () => void, refusal: BodyRefusal): BodyRefusal {
  release()
  return refusal
}

function tooLarge(maxBodyBytes: number): BodyRefusal {
  return { status: 413, reason: `request body too large: limit ${maxBodyBytes} bytes` }
}
