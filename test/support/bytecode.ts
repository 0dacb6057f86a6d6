import { concatBytes, type Hex, hexToBytes, uintToBytes } from '../../node/protocol/bytes.ts'

const OPCODES = {
  STOP: 0x00,
  ADD: 0x01,
  SUB: 0x03,
  EQ: 0x14,
  ISZERO: 0x15,
  ADDRESS: 0x30,
  BALANCE: 0x31,
  ORIGIN: 0x32,
  CALLER: 0x33,
  CALLVALUE: 0x34,
  CALLDATALOAD: 0x35,
  CALLDATASIZE: 0x36,
  CALLDATACOPY: 0x37,
  GASPRICE: 0x3a,
  RETURNDATASIZE: 0x3d,
  RETURNDATACOPY: 0x3e,
  BLOCKHASH: 0x40,
  NUMBER: 0x43,
  SELFBALANCE: 0x47,
  BASEFEE: 0x48,
  POP: 0x50,
  MLOAD: 0x51,
  MSTORE: 0x52,
  SLOAD: 0x54,
  SSTORE: 0x55,
  JUMP: 0x56,
  JUMPI: 0x57,
  GAS: 0x5a,
  JUMPDEST: 0x5b,
  PUSH0: 0x5f,
  DUP1: 0x80,
  DUP2: 0x81,
  SWAP1: 0x90,
  LOG0: 0xa0,
  LOG1: 0xa1,
  CREATE: 0xf0,
  CALL: 0xf1,
  CALLCODE: 0xf2,
  RETURN: 0xf3,
  DELEGATECALL: 0xf4,
  CREATE2: 0xf5,
  STATICCALL: 0xfa,
  REVERT: 0xfd,
  INVALID: 0xfe,
  SELFDESTRUCT: 0xff,
} as const

/** An instruction by name, or a value to push: a number, or hex of up to 32 bytes. */
export type Instruction = keyof typeof OPCODES | number | Hex

/** EVM code from instructions. */
export function assemble(...instructions: readonly Instruction[]): Uint8Array {
  return concatBytes(...instructions.map(encodeInstruction))
}

function encodeInstruction(instruction: Instruction): Uint8Array {
  if (typeof instruction === 'string' && !instruction.startsWith('0x')) {
    return Uint8Array.of(OPCODES[instruction as keyof typeof OPCODES])
  }
  const bytes = typeof instruction === 'number' ? uintToBytes(instruction, 4) : hexToBytes(instruction as Hex)
  return concatBytes(Uint8Array.of(0x5f + bytes.length), bytes)
}

/** Code that copies `data`, which it carries behind itself, to memory 0 and then runs `instructions`. */
export function codeWithData(data: Uint8Array, ...instructions: readonly Instruction[]): Uint8Array {
  const codeCopy = (offset: number): Uint8Array => concatBytes(assemble(data.length, offset, 0), Uint8Array.of(0x39))
  const tail = assemble(...instructions, 'STOP')
  return concatBytes(codeCopy(codeCopy(0).length + tail.length), tail, data)
}

/** Creation code that deploys `code` as it is. */
export function deployer(code: Uint8Array): Uint8Array {
  return codeWithData(code, code.length, 0, 'RETURN')
}

/** How a forwarder calls its target. */
export type CallKind = 'CALL' | 'CALLCODE' | 'DELEGATECALL' | 'STATICCALL'

/** Instructions that call `target` with all call data and leave the success flag on the stack. Value is what they were sent, or `value`. */
export function forwardCall(target: Hex, kind: CallKind, value = 0, gas: Instruction = 'GAS'): Instruction[] {
  const withValue: Instruction[] = kind === 'CALL' || kind === 'CALLCODE' ? [value] : []
  return ['CALLDATASIZE', 0, 0, 'CALLDATACOPY', 0, 0, 'CALLDATASIZE', 0, ...withValue, target, gas, kind]
}

/** Instructions that return `flag on the stack ‖ return data of the last call`. */
export const RETURN_FLAG_AND_DATA: readonly Instruction[] = [
  0,
  'MSTORE',
  'RETURNDATASIZE',
  0,
  32,
  'RETURNDATACOPY',
  'RETURNDATASIZE',
  32,
  'ADD',
  0,
  'RETURN',
]

/** Code that calls `target` with its own call data and returns `success (32) ‖ return data`. */
export function forwarder(target: Hex, kind: CallKind, value = 0, gas: Instruction = 'GAS'): Uint8Array {
  return assemble(...forwardCall(target, kind, value, gas), ...RETURN_FLAG_AND_DATA)
}

/** Code that calls `target` with its own call data and ends as that call ended, with its return or revert data. */
export function relay(target: Hex, kind: CallKind): Uint8Array {
  const call = [...forwardCall(target, kind), 'RETURNDATASIZE', 0, 0, 'RETURNDATACOPY'] as const
  const onFailure = ['JUMPI', 'RETURNDATASIZE', 0, 'REVERT'] as const
  const succeeded = assemble(...call, 0, ...onFailure).length
  return assemble(...call, succeeded, ...onFailure, 'JUMPDEST', 'RETURNDATASIZE', 0, 'RETURN')
}
