import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { getQuickJS, type QuickJSContext, Scope } from 'quickjs-emscripten'

const MEMORY_LIMIT_BYTES = 1024 * 1024 * 1024

/** A QuickJS virtual machine, compiled to WebAssembly, with the consensus code in it. */
export interface Machine {
  /** Calls the bundle's `run`. @throws Error with what was thrown inside. */
  run(input: string): Promise<string>
}

/** Bundles the entry for no platform: an import of a Node API fails here. Cost: about a second. */
export async function bundleForNoPlatform(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    format: 'iife',
    target: 'es2023',
    logLevel: 'silent',
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild wrote nothing')
  return file.text
}

/**
 * Starts a machine on a bundle. Cost: about a second to load the code. It lives as long as the process: the engine refuses to be
 * torn down while entries of WeakMaps, which the curve library keeps, are left.
 */
export async function startMachine(bundle: string): Promise<Machine> {
  const quickjs = await getQuickJS()
  const runtime = quickjs.newRuntime()
  runtime.setMemoryLimit(MEMORY_LIMIT_BYTES)
  // The engine checks its stack by WebAssembly's own, which is fixed; this only turns its lower default off.
  runtime.setMaxStackSize(0)
  const context = runtime.newContext()
  context.unwrapResult(context.evalCode(bundle, 'bundle.js')).dispose()
  return { run: (input) => callRun(context, input) }
}

function callRun(context: QuickJSContext, input: string): Promise<string> {
  return Scope.withScopeAsync(async (scope) => {
    const run = scope.manage(context.getProp(context.global, 'run'))
    const argument = scope.manage(context.newString(input))
    const promise = scope.manage(context.unwrapResult(context.callFunction(run, context.undefined, argument)))
    const settled = context.resolvePromise(promise)
    scope.manage(context.runtime.executePendingJobs())
    const result = scope.manage(await settled)
    return context.getString(context.unwrapResult(result))
  })
}
