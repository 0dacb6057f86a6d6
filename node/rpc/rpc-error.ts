import { AssayError, InvalidError, UnavailableError } from '../protocol/errors.ts'

/** Error codes of JSON-RPC 2.0, EIP-1474 and what Ethereum nodes answer in practice. */
export const RPC_CODES = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internalError: -32603,
  /** Anything that the node refuses with a reason. */
  serverError: -32000,
  /** EIP-1474: a requested thing does not exist. */
  resourceNotFound: -32001,
  timeout: -32002,
  responseTooLarge: -32003,
  /** EIP-1474: a request exceeds a limit of this node. */
  limitExceeded: -32005,
  /** The EVM reverted; `data` is the revert data. */
  executionReverted: 3,
} as const

/** An error with a JSON-RPC code; its message and data go to the client as they are. */
export class RpcError extends InvalidError<'Rpc'> {
  readonly rpcCode: number
  readonly data: unknown

  constructor(rpcCode: number, message: string, data?: unknown) {
    super('Rpc', message)
    this.rpcCode = rpcCode
    this.data = data
  }
}

/** The error member of a JSON-RPC response. */
export interface RpcErrorBody {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

/**
 * What a client is told about a failure. Verdicts and unavailability keep their message, with the stable code under
 * `data.code`; anything else is internal and says nothing about our inside.
 */
export function errorBody(error: unknown): RpcErrorBody {
  if (error instanceof RpcError) {
    const { rpcCode: code, message, data } = error
    return data === undefined ? { code, message } : { code, message, data }
  }
  if (error instanceof InvalidError || error instanceof UnavailableError) {
    return { code: RPC_CODES.serverError, message: error.message, data: { code: error.code } }
  }
  return { code: RPC_CODES.internalError, message: 'internal error' }
}

/** Whether a failure is ours to look into, rather than the client's or the weather's. */
export function isInternal(error: unknown): boolean {
  return !(error instanceof AssayError) || error.kind === 'Bug'
}

/** An invalid-params error about one argument. */
export function invalidParams(message: string): RpcError {
  return new RpcError(RPC_CODES.invalidParams, message)
}
