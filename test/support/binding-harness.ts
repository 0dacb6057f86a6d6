import { solidityBindings } from '../../node/bindings/solidity-bindings.ts'
import type { ModelDescription } from '../../node/client/model-description.ts'

const HEAD = ['// SPDX-License-Identifier: MIT', 'pragma solidity 0.8.37;', '']
const IMPORTS = ['Inference', 'InferenceLanes'].map((name) => `import { ${name} } from "assay/l2/${name}.sol";`)

/** One Solidity file: the library of each description (`Model0`, `Model1` …), and a contract that opens all its functions (`Harness0` …). */
export function harnessSource(descriptions: readonly ModelDescription[]): string {
  const libraries = descriptions.map((description, i) => {
    const source = solidityBindings(description, { name: `Model${i}`, contracts: 'assay' })
    const library = source.slice(source.indexOf('/// @title'))
    return `${library}\n${harness(i, library)}`
  })
  return [...HEAD, ...IMPORTS, '', ...libraries].join('\n')
}

function harness(index: number, library: string): string {
  const opened = [
    ...library.matchAll(
      /function (\w+)\((int256 wad|u?int\d+ lane|uint256 index)\) internal pure returns \(([\w ]+)\)/g,
    ),
  ]
  const [name, model] = [`Harness${index}`, `Model${index}`]
  return [
    `contract ${name} {`,
    `    function encode(${model}.Input memory input) external pure returns (bytes memory) { return ${model}.encode(input); }`,
    `    function decode(bytes memory output) external pure returns (${model}.Output memory) { return ${model}.decode(output); }`,
    ...opened.map(([, called, parameter = '', returned]) => {
      const argument = parameter.split(' ')[1]
      return `    function ${called}(${parameter}) external pure returns (${returned}) { return ${model}.${called}(${argument}); }`
    }),
    '}',
    '',
  ].join('\n')
}
