import { expect, test } from 'vitest'
import { createLimiter } from './limiter.ts'

/** Work that ends when told to. */
function gate() {
  let open: () => void = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, work: () => passed }
}

test('runs so many at once, lets the others wait in order, and refuses beyond that', async () => {
  const limited = createLimiter(1, 1)
  const order: string[] = []
  const first = gate()
  const one = limited(first.work).then(() => order.push('one'))
  const two = limited(async () => void order.push('two'))
  await expect(limited(async () => {})).rejects.toMatchObject({ kind: 'Unavailable', code: 'NodeBusy' })
  expect(order).toEqual([])
  first.open()
  await Promise.all([one, two])
  expect(order).toEqual(expect.arrayContaining(['one', 'two']))
  expect(await limited(async () => 3)).toBe(3)
})

test('work that fails gives its place back', async () => {
  const limited = createLimiter(1, 0)
  await expect(limited(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await limited(async () => 1)).toBe(1)
})
