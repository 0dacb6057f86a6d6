import { createEVM } from '@ethereumjs/evm'
import { createAddressFromString } from '@ethereumjs/util'
import { concat, getCreate2Address, keccak256 } from 'viem'
import { describe, expect, it } from 'vitest'
import { bytesToHex, hexToBytes } from '../node/protocol/bytes.ts'
import { CREATE2_DEPLOYER, INFERENCE_PRECOMPILE, MODEL_STORE_PRECOMPILE } from '../node/protocol/constants.ts'
import { create2DeployerDeployedBytecode, predeploys } from './genesis-alloc.ts'

describe('predeploys', () => {
  it('puts code within the size limit at every address, once and in lower case', () => {
    const alloc = Object.entries(predeploys())
    expect(alloc).toHaveLength(8)
    for (const [address, account] of alloc) {
      expect(address).toMatch(/^0x[0-9a-f]{40}$/)
      expect(account.nonce).toBe(1)
      const sizeBytes = hexToBytes(account.code ?? '0x').length
      expect(sizeBytes).toBeGreaterThan(0)
      expect(sizeBytes).toBeLessThanOrEqual(24_576)
    }
  })

  it('marks precompiles with one byte of code', () => {
    expect(predeploys()[INFERENCE_PRECOMPILE]?.code).toBe('0xfe')
    expect(predeploys()[MODEL_STORE_PRECOMPILE]?.code).toBe('0xfe')
  })

  it('has a CREATE2 deployer that deploys where CREATE2 says', async () => {
    const evm = await createEVM()
    const deployer = createAddressFromString(CREATE2_DEPLOYER)
    await evm.stateManager.putCode(deployer, hexToBytes(create2DeployerDeployedBytecode))
    // Creation code of a contract whose runtime code is the byte 0xfe.
    const creation = '0x60fe60005360016000f3'
    const salt = keccak256('0x01')
    const result = await evm.runCall({ to: deployer, data: hexToBytes(concat([salt, creation])), gasLimit: 1_000_000n })
    const expected = getCreate2Address({ from: CREATE2_DEPLOYER, salt, bytecode: creation }).toLowerCase()
    expect(bytesToHex(result.execResult.returnValue)).toBe(expected)
    expect(await evm.stateManager.getCode(createAddressFromString(expected as `0x${string}`))).toEqual(
      Uint8Array.of(0xfe),
    )
  })
})
