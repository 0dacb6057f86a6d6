import { bls12_381 } from '@noble/curves/bls12-381.js'
import { concatBytes, hexToBytes } from '../protocol/bytes.ts'
import { reverseIndex } from './kzg-commitment.ts'

/**
 * The bytes of `kzg-setup.bin`: the 4096 Lagrange points of the KZG ceremony, uncompressed (x ‖ y), in the order of blob
 * elements. Decompressing them takes seconds, which no node should spend at each start.
 * @param lagrange the ceremony's compressed points, as published (hex, in the order of the roots of unity).
 * @throws when a point is not on the curve or not in the group.
 */
export function encodeKzgSetup(lagrange: readonly string[]): Uint8Array {
  const points = lagrange.map((_, i) => {
    const point = bls12_381.G1.Point.fromBytes(hexToBytes(lagrange[reverseIndex(i)] as string))
    point.assertValidity()
    return point.toBytes(false)
  })
  return concatBytes(...points)
}
