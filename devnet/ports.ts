import { createServer } from 'node:net'
import { InvalidError } from '../node/protocol/errors.ts'

function tryListen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      const got = typeof address === 'object' && address !== null ? address.port : undefined
      server.close(() => resolve(got))
    })
  })
}

/**
 * A free TCP port on 127.0.0.1: the asked one, or where none was asked the usual one, or any free one when that is taken.
 * @throws InvalidError `PortTaken` when the asked port is in use
 */
export async function choosePort(flag: string, asked: number | null, usual: number): Promise<number> {
  if (asked !== null) {
    if ((await tryListen(asked)) !== undefined) return asked
    throw new InvalidError('PortTaken', `port ${asked} is in use: stop what listens there or pass another --${flag}`)
  }
  const free = (await tryListen(usual)) ?? (await tryListen(0))
  if (free === undefined) throw new InvalidError('PortTaken', `no free TCP port on 127.0.0.1: pass --${flag}`)
  return free
}
