import { method, type RpcMethod } from './method.ts'

/** The OpenRPC 1.2.6 document that describes a methods table (https://spec.open-rpc.org). */
export function openRpcDocument(methods: Iterable<RpcMethod>, version: string): Readonly<Record<string, unknown>> {
  const entries = [...methods].map(({ name, summary, params, result }) => ({
    name,
    summary,
    params: params.map((param) => ({ name: param.name, required: param.required, schema: param.schema })),
    result: { name: 'result', schema: result },
    paramStructure: 'by-position',
  }))
  return { openrpc: '1.2.6', info: { title: 'Assay node', version }, methods: entries }
}

/** The methods by name, with `rpc.discover`, which returns their OpenRPC document. */
export function methodsTable(methods: readonly RpcMethod[], version: string): ReadonlyMap<string, RpcMethod> {
  const table = new Map(methods.map((entry) => [entry.name, entry]))
  const discover = method('rpc.discover', { summary: 'This OpenRPC document.' }, () =>
    openRpcDocument(table.values(), version),
  )
  return table.set(discover.name, discover)
}
