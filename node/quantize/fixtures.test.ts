import { describe, expect, it } from 'vitest'
import { calibrateFixture, judgeFixture, readFixture } from '../../test/support/float-fixture.ts'

/** Least signal to noise in dB that each preset must keep on the test samples. */
const FLOORS: Readonly<Record<string, { readonly fast: number; readonly precise: number }>> = {
  autoencoder: { fast: 36, precise: 50 },
  bert: { fast: 24, precise: 32 },
  'bert-layer-norm': { fast: 20, precise: 34 },
  conv3d: { fast: 27, precise: 46 },
  'encoder-masked-mean': { fast: 30, precise: 44 },
  'encoder-padding': { fast: 24, precise: 42 },
  'forest-classifier-zipmap': { fast: 200, precise: 200 },
  'forest-regressor-average': { fast: 80, precise: 90 },
  gpt: { fast: 24, precise: 42 },
  'gpt-cache': { fast: 22, precise: 30 },
  'gpt-fixed-cache': { fast: 24, precise: 30 },
  'gpt-rotary': { fast: 22, precise: 40 },
  gru: { fast: 28, precise: 40 },
  'gru-unrolled': { fast: 29, precise: 43 },
  inception: { fast: 20, precise: 36 },
  'lightgbm-binary': { fast: 70, precise: 75 },
  'linear-regressor': { fast: 65, precise: 75 },
  'linear-softmax': { fast: 50, precise: 55 },
  'logistic-zipmap': { fast: 200, precise: 200 },
  'lstm-bidirectional': { fast: 28, precise: 45 },
  'lstm-stateful': { fast: 30, precise: 48 },
  'lstm-unrolled': { fast: 29, precise: 38 },
  'mlp-activations': { fast: 22, precise: 38 },
  mobilenet: { fast: 16, precise: 34 },
  normalizer: { fast: 60, precise: 60 },
  resnet: { fast: 20, precise: 38 },
  'resnet-batch-norm': { fast: 20, precise: 36 },
  rnn: { fast: 28, precise: 45 },
  shufflenet: { fast: 18, precise: 26 },
  unet: { fast: 30, precise: 46 },
  'unet-resize': { fast: 29, precise: 46 },
  vit: { fast: 28, precise: 46 },
  'xgboost-multiclass': { fast: 65, precise: 70 },
}

describe('float models of every family', () => {
  it.each(Object.entries(FLOORS))('%s stays close to the float answers', async (name, floors) => {
    const fixture = await readFixture(name)
    const calibrated = await calibrateFixture(fixture)
    for (const preset of ['fast', 'precise'] as const) {
      const { outputs } = await judgeFixture(fixture, calibrated, preset)
      for (const [output, decibel] of outputs) expect(decibel, `${preset} ${output}`).toBeGreaterThan(floors[preset])
    }
    await calibrated.floats.close()
  })
})
