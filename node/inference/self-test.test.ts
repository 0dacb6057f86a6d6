import { describe, expect, it } from 'vitest'
import { constantOf, graphOf, inputOf } from '../../test/support/small-graph.ts'
import { checkGraph } from '../exact/check.ts'
import { emitCpu } from '../exact/emit/emit-cpu.ts'
import type { CheckedGraph } from '../exact/graph.ts'
import { openOrtSession, type TensorRunner } from './ort-session.ts'
import { SELF_TEST_WORK, selfTest } from './self-test.ts'
import { INPUT_PATTERNS } from './test-inputs.ts'

/** out[rows, 64] = in[rows, 64] · 3 in every place. */
function product(rows: number): CheckedGraph {
  return checkGraph(
    graphOf({
      inputs: [inputOf([rows, 64], -9, 9)],
      constants: [constantOf([64, 64], new Array<number>(64 * 64).fill(3))],
      ops: [{ kind: 'matmul', inputs: [0, 1] }],
    }),
  )
}
const SMALL = product(1)
const LARGE = product(1 + SELF_TEST_WORK / 64 / 64)

/** A runner like another, but for the last lane. */
function wrong(runner: TensorRunner): TensorRunner {
  return {
    close: runner.close,
    async run(inputs) {
      const outputs = await runner.run(inputs)
      for (const { data } of outputs) data[data.length - 1] = (data.at(-1) ?? 0) + 1
      return outputs
    },
  }
}

const open = (checked: CheckedGraph) => openOrtSession(emitCpu(checked, 'float'), 1)
const never = () => Promise.reject(new Error('the reference is enough'))

describe('the self-test of a session', () => {
  it('compares a small model with the reference on every pattern', async () => {
    const runner = await open(SMALL)
    expect(await selfTest(SMALL, runner, never)).toEqual({ testedInputs: INPUT_PATTERNS.length })
    const { difference } = await selfTest(SMALL, wrong(runner), never)
    expect(difference).toMatch(/^random input: output 0, lane 63: /)
    await runner.close()
  })

  it('compares a large model with other kernels, which it closes again', async () => {
    const runner = await open(LARGE)
    let closed = 0
    const other = async () => {
      const opened = await openOrtSession(emitCpu(LARGE, 'fast'), 1)
      return { ...opened, close: () => opened.close().then(() => void closed++) }
    }
    expect(await selfTest(LARGE, runner, other)).toEqual({ testedInputs: 1 })
    const { difference } = await selfTest(LARGE, runner, async () => wrong(await other()))
    expect(difference).toMatch(/^random input, by other kernels: output 0, lane \d+: /)
    expect(closed).toBe(2)
    await runner.close()
  })
})
