import { readFileSync } from 'node:fs'
import { describeOnnx } from '../../node/bindings/describe-onnx.ts'
import { bindingName, solidityBindings } from '../../node/bindings/solidity-bindings.ts'
import type { GeneratedFile } from './bindings-codegen.ts'

/** The models that the dapps under `contracts/demo` ask. */
const DEMO_MODELS = ['risk', 'digits'] as const

/** What `assay model bindings --solidity` writes for the demo's models: the files under `contracts/demo`. */
export function modelLibraries(): GeneratedFile[] {
  return DEMO_MODELS.map((model) => {
    const file = `${model}.exact.onnx`
    const name = bindingName(file)
    const onnx = readFileSync(new URL(`../../models/${model}/${file}`, import.meta.url))
    return { name: `${name}.sol`, text: solidityBindings(describeOnnx(onnx), { name, contracts: '..' }) }
  })
}
