// Runs models in ONNX Runtime and writes down what they answer. Plain JavaScript, which an emulated Node starts quickly.
// Usage: run-cases.mjs CASES ANSWERS; both are files of structured clones, see cases.ts.
import { readFileSync, writeFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { InferenceSession, Tensor } from 'onnxruntime-node'

const [casesFile, answersFile] = process.argv.slice(2)
const answers = []
for (const { onnx, feeds, outputs, threads } of deserialize(readFileSync(casesFile))) {
  const session = await InferenceSession.create(onnx, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
    logSeverityLevel: 3,
  })
  const tensors = Object.fromEntries(
    feeds.map(({ name, dtype, data, shape }) => [name, new Tensor(dtype, data, shape)]),
  )
  const results = await session.run(tensors, outputs)
  answers.push(outputs.map((name) => results[name].data))
  await session.release()
}
writeFileSync(answersFile, serialize({ arch: process.arch, answers }))
