import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'

/** Linux counts memory in pages of this many bytes on every CPU that we support. */
const PAGE_BYTES = 4096

/** Memory that a process holds in RAM, in bytes; undefined where it is gone, or the system does not say (Windows). */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform !== 'linux') return await fromPs(pid)
    const [, pages] = (await readFile(`/proc/${pid}/statm`, 'latin1')).split(' ')
    return Number(pages) * PAGE_BYTES
  } catch {
    return undefined
  }
}

function fromPs(pid: number): Promise<number> {
  return new Promise((resolve, reject) => {
    execFile('ps', ['-o', 'rss=', '-p', String(pid)], (error, stdout) => {
      if (error === null) resolve(Number(stdout) * 1024)
      else reject(error)
    })
  })
}
