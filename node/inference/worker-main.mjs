// Entry of an inference worker process: TypeScript is loaded through tsx, however the parent was started.
import { register } from 'tsx/esm/api'

register()
const { serveWorker } = await import('./worker.ts')
serveWorker()
