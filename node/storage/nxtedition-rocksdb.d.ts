/** The part of the binding that Assay uses; the package ships no types. */
declare module '@nxtedition/rocksdb' {
  interface OpenOptions {
    readonly keyEncoding: 'buffer'
    readonly valueEncoding: 'buffer'
    readonly createIfMissing: boolean
    /** Bytes of RocksDB's own block cache. */
    readonly cacheSize: number
    /** Background threads. */
    readonly parallelism: number
  }

  interface Batch {
    put(key: Uint8Array, value: Uint8Array): Batch
    del(key: Uint8Array): Batch
    write(options: { readonly sync: boolean }): Promise<void>
    close(): Promise<void>
  }

  export class RocksLevel {
    constructor(location: string, options: OpenOptions)
    open(): Promise<void>
    close(): Promise<void>
    getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | null | undefined)[]>
    batch(): Batch
  }
}
