import { describe, expect, it } from 'vitest'
import { calibrateFixture, fixtureNoise, readFixture } from '../../test/support/float-fixture.ts'

/** Least signal to noise in dB that each preset must keep on the test samples. */
const FLOORS: Readonly<Record<string, { readonly fast: number; readonly precise: number }>> = {
  conv3d: { fast: 30, precise: 40 },
  'gru-unrolled': { fast: 25, precise: 32 },
  inception: { fast: 18, precise: 30 },
  resnet: { fast: 22, precise: 36 },
  'unet-resize': { fast: 30, precise: 40 },
  unet: { fast: 30, precise: 40 },
}

describe('float models of every family', () => {
  it.each(Object.entries(FLOORS))('%s stays close to the float answers', async (name, floors) => {
    const fixture = await readFixture(name)
    const calibrated = await calibrateFixture(fixture)
    for (const preset of ['fast', 'precise'] as const) {
      const noise = fixtureNoise(fixture, calibrated, preset)
      for (const [output, decibel] of noise) expect(decibel, `${preset} ${output}`).toBeGreaterThan(floors[preset])
    }
  })
})
