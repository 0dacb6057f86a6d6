import { describe, expect, it } from 'vitest'
import { calibrateFixture, fixtureNoise, readFixture } from '../../test/support/float-fixture.ts'

/** Least signal to noise in dB that each preset must keep on the test samples. */
const FLOORS: Readonly<Record<string, { readonly fast: number; readonly precise: number }>> = {
  conv3d: { fast: 30, precise: 40 },
  'gru-unrolled': { fast: 25, precise: 32 },
  'forest-classifier-zipmap': { fast: 200, precise: 200 },
  'forest-regressor-average': { fast: 80, precise: 90 },
  gru: { fast: 28, precise: 40 },
  inception: { fast: 18, precise: 30 },
  'lightgbm-binary': { fast: 70, precise: 75 },
  'linear-regressor': { fast: 75, precise: 75 },
  'linear-softmax': { fast: 50, precise: 55 },
  'logistic-zipmap': { fast: 200, precise: 200 },
  'lstm-bidirectional': { fast: 28, precise: 45 },
  'lstm-stateful': { fast: 30, precise: 48 },
  normalizer: { fast: 60, precise: 60 },
  resnet: { fast: 22, precise: 36 },
  rnn: { fast: 28, precise: 45 },
  'unet-resize': { fast: 30, precise: 40 },
  unet: { fast: 30, precise: 40 },
  'xgboost-multiclass': { fast: 65, precise: 70 },
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
