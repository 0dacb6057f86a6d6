import { describe, expect, it } from 'vitest'
import { describeModel } from './describe-model.ts'
import { parseDescription, readDescription } from './parse-description.ts'

const MODEL_ID = `0x${'ab'.repeat(32)}` as const
const INPUT = { name: 'x', shape: [1, 2], laneBytes: 2, lo: -100, hi: 100 }
const OUTPUT = { name: 'y', shape: [1, 3], laneBytes: 1, lo: -5, hi: 5 }
const plain = (input: object = {}, output: object = {}) => ({
  modelId: MODEL_ID,
  inputs: [{ ...INPUT, ...input }],
  outputs: [{ ...OUTPUT, ...output }],
})
const refusal = (value: unknown): string => {
  try {
    parseDescription(value)
  } catch (error) {
    expect(error).toMatchObject({ kind: 'Invalid', code: 'DescriptionInvalid' })
    return (error as Error).message
  }
  throw new Error('was accepted')
}

describe('parseDescription', () => {
  it('fills defaults in, and accepts its own result', () => {
    const columns = [
      { name: 'a', step: 0.5 },
      { name: 'b', labels: ['no', 'yes'] },
    ]
    const parsed = parseDescription(
      plain({ unit: 'm', about: 'lengths', range: 'clip', columns }, { labels: ['p', 'q', 'r'], kind: 'logits' }),
    )
    expect(parsed.inputs[0]).toEqual({
      ...INPUT,
      ...{ unit: 'm', about: 'lengths', range: 'clip', step: '1', offset: '0', kind: 'value', axis: 1 },
      columns: [
        { name: 'a', unit: 'm', range: 'clip', step: '0.5', offset: '0', kind: 'value' },
        { name: 'b', unit: 'm', range: 'clip', step: '1', offset: '0', kind: 'class', labels: ['no', 'yes'] },
      ],
    })
    expect(parsed.outputs[0]).toEqual({
      ...OUTPUT,
      step: '1',
      offset: '0',
      kind: 'logits',
      axis: 1,
      labels: ['p', 'q', 'r'],
    })
    expect(readDescription(JSON.stringify(parsed))).toEqual(parsed)
  })

  it.each([
    ['no object', null, 'description: is no JSON object'],
    ['an unknown key', { ...plain(), extra: 1 }, 'description: unknown key "extra"'],
    ['a short modelId', { ...plain(), modelId: '0x12' }, 'modelId'],
    ['two inputs alike', { ...plain(), inputs: [INPUT, INPUT] }, 'inputs: "x" is there twice'],
    ['no name', plain({ name: undefined }), 'inputs[0].name'],
    ['a lane of 3 bytes', plain({ laneBytes: 3 }), 'inputs[0].laneBytes: 3'],
    ['bounds wider than the lane', plain({ hi: 40_000 }), 'inputs[0].hi: 40000'],
    ['bounds out of order', plain({ lo: 101 }), 'inputs[0].lo: 101'],
    ['an extent of 0', plain({ shape: [0] }), 'inputs[0].shape: 0'],
    ['too many lanes', plain({ shape: [2 ** 20, 2 ** 20] }), 'inputs[0].shape'],
    ['a step of 0', plain({ step: 0 }), 'inputs[0].step: 0 is not positive'],
    ['a negative step', plain({ step: '-2^-3' }), 'inputs[0].step'],
    ['a step that is no number', plain({ step: 'tiny' }), 'inputs[0].step: "tiny" is no number'],
    ['an infinite offset', plain({ offset: Infinity }), 'inputs[0].offset'],
    ['min above max', plain({ min: 2, max: 1 }), 'min 2 is above max 1'],
    ['another policy', plain({ range: 'wrap' }), 'inputs[0].range: "wrap" is none of clip, strict'],
    ['scores as input', plain({ kind: 'scores' }), 'inputs[0].kind'],
    ['labels of values', plain({ kind: 'value', labels: ['a'] }), 'has labels'],
    ['a step of classes', plain({ kind: 'class', step: 2 }), 'indices of classes'],
    ['two labels alike', plain({}, { labels: ['a', 'a'] }), 'outputs[0].labels: "a" is there twice'],
    ['too few labels of scores', plain({}, { kind: 'scores', labels: ['a'] }), '1 names for 3 lanes along axis 1'],
    ['too few columns', plain({ columns: [{ name: 'a' }] }), '1 columns for 2 lanes along axis 1'],
    ['columns alike', plain({ columns: [{ name: 'a' }, { name: 'a' }] }), 'inputs[0].columns: "a" is there twice'],
    ['columns of scores', plain({}, { kind: 'scores', columns: [] }), 'cannot be scores'],
    ['an axis beyond the shape', plain({ axis: 2, columns: [] }), 'inputs[0].axis: 2'],
    ['an axis of nothing', plain({ axis: 0 }), 'inputs[0].axis'],
    ['columns of a scalar', plain({ shape: [], columns: [] }), 'is a scalar'],
    ['a line break in a unit', plain({ unit: 'a\nb' }), 'inputs[0].unit: holds line breaks'],
    ['a comment end out of sight', plain({ about: 'x\u202ey' }), 'inputs[0].about'],
    ['a long text', plain({ about: 'x'.repeat(1001) }), 'inputs[0].about: has 1001 characters'],
  ])('refuses %s', (_, value, message) => {
    expect(refusal(value)).toContain(message)
  })

  it('refuses text that is no JSON', () => {
    expect(() => readDescription('{')).toThrow(expect.objectContaining({ code: 'DescriptionInvalid' }))
  })
})

describe('describeModel', () => {
  const manifest = { modelId: MODEL_ID, inputs: [INPUT], outputs: [OUTPUT] } as never
  const names = { inputs: ['x'], outputs: ['y'] }
  const described = (labels: Readonly<Record<string, unknown>>) =>
    describeModel(
      manifest,
      names,
      new Map(Object.entries(labels).map(([key, value]) => [`assay.label.${key}`, JSON.stringify(value)])),
    )

  it('needs no labels', () => {
    expect(described({})).toMatchObject({ modelId: MODEL_ID, inputs: [{ name: 'x', step: '1', kind: 'value' }] })
  })

  it('takes text for what a tensor is about, and a list for its columns', () => {
    const model = described({
      title: 'T',
      'input.x': [{ name: 'a' }, { name: 'b' }],
      'output.y': 'three scores',
      page: 1,
    })
    expect(model).toMatchObject({
      title: 'T',
      inputs: [{ columns: [{ name: 'a' }, { name: 'b' }] }],
      outputs: [{ about: 'three scores' }],
    })
  })

  it.each([
    [
      { 'input.z': 'no such' },
      'assay.label.input.z: names no input or output: known are assay.label.input.x, assay.label.output.y',
    ],
    [{ 'input.x': 7 }, 'assay.label.input.x: is no text, list or object'],
    [{ 'input.x': { laneBytes: 1 } }, 'assay.label.input.x: unknown key "laneBytes"'],
    [{ title: 5 }, 'description.title: is no text'],
  ])('refuses %j', (labels, message) => {
    expect(() => described(labels)).toThrow(message)
  })

  it('refuses a label that is no JSON', () => {
    expect(() => describeModel(manifest, names, new Map([['assay.label.title', 'plain text']]))).toThrow(
      'assay.label.title is not JSON',
    )
  })
})
