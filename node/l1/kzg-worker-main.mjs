// Entry of the KZG worker thread: TypeScript is loaded through tsx, however the parent was started.
import { register } from 'tsx/esm/api'

register()
const { serveKzg } = await import('./kzg-worker.ts')
serveKzg()
