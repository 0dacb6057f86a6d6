import { emitCpu } from '../exact/emit/emit-cpu.ts'
import type { OpenExactSession } from '../quantize/exact-session.ts'
import { openOrtSession } from './ort-session.ts'

/** Runs exact graphs in ONNX Runtime's CPU provider on two threads, in this thread: for tools, never in a node. */
export const openExactSession: OpenExactSession = (checked) => openOrtSession(emitCpu(checked), 2)
