import { afterAll, describe, expect, it } from 'vitest'
import { BLOB_BYTES, encodeBlob, MAX_BLOB_DATA_BYTES } from '../derivation/blob-codec.ts'
import { bytesToHex, type Hex } from '../protocol/bytes.ts'
import { createKzg } from './kzg.ts'

const small = encodeBlob(new Uint8Array(1000).fill(7))
const full = encodeBlob(Uint8Array.from({ length: MAX_BLOB_DATA_BYTES }, (_, i) => (i * i * 7 + i) & 255))
const infinity: Hex = `0xc0${'00'.repeat(47)}`

// Computed by kzg-wasm 1.0.0 (c-kzg-4844).
const vectors: readonly [string, Uint8Array, Hex, Hex][] = [
  ['an empty blob', new Uint8Array(BLOB_BYTES), infinity, infinity],
  [
    'a small payload',
    small,
    '0xab1e7ae3ba0972611e838b4221d7ab51f45dddfb8e2b6497cb573994738a0e8e2e0b8d5e72cf0b9c5e4889d7334c7cfa',
    '0x8277a175550c052f6b4b9af0fd1ace87dbf97e51f28699b38623ccedf14b44d6f77061af7bc2d4b5f4d17f626cb53373',
  ],
  [
    'a full blob',
    full,
    '0x91612f4441a6cf1a015e0aacb7bc38a25c7d9792bc80fc82e3d675e080638d86e14ba16f71ee3cc9c7713f9c5317f35f',
    '0xa5000af9445d05c05c9776b48f5a9d715c9b1d01fb8bb9a1c0f6863a537f75c7ccff87774d1ba6a8f0da22954e5c7939',
  ],
]

describe('KZG', () => {
  const kzg = createKzg()
  afterAll(() => kzg.close())

  it.each(vectors)('of %s equals that of c-kzg', async (_name, blob, commitment, proof) => {
    const proven = await kzg.blobProof(blob)
    expect(bytesToHex(proven.commitment)).toBe(commitment)
    expect(proven.proofs.map(bytesToHex)).toEqual([proof])
  })

  it('hashes to the version and the rest of a SHA-256', async () => {
    expect(await kzg.versionedHash(small)).toBe('0x01891596499f79b6ff9b5c598ffb192d16d3c7e19a9baeea930c0706a4a2f4bf')
  })

  it('proves all cells, several blobs at a time', async () => {
    const [cells, hash] = await Promise.all([kzg.cellProofs(small), kzg.versionedHash(small)])
    expect(cells).toMatchObject({ versionedHash: hash, proofs: { length: 128 } })
    expect(new Set(cells.proofs.map((proof) => proof.length))).toEqual(new Set([48]))
  })

  it('is unavailable, not wrong, when a blob makes it fail and when it is closed', async () => {
    const failure = { kind: 'Unavailable', code: 'KzgFailed' }
    await expect(kzg.versionedHash(new Uint8Array(BLOB_BYTES).fill(0xff))).rejects.toMatchObject(failure)
    await expect(kzg.versionedHash(new Uint8Array(5))).rejects.toMatchObject(failure)
    const pending = kzg.blobProof(full)
    await Promise.all([expect(pending).rejects.toMatchObject(failure), kzg.close()])
    await expect(kzg.versionedHash(small)).rejects.toMatchObject(failure)
  })
})
