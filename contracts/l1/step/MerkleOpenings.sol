// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Witness, hashPair } from "./Witness.sol";

/// @title MerkleOpenings
/// @notice Roots of binary Merkle trees from one leaf and siblings in the witness. Siblings of subtrees that cannot hold anything but
///         zero leaves are not in the witness, so there is one way only to write an opening.
library MerkleOpenings {
    /// @notice The node that `leaf` at `index` has `depth` levels above it.
    /// @dev 110 gas a level, against 330 of the plain loop that contracts/test/StepVerifierParts.t.sol holds it to.
    /// @param used Leaves from here on are zero.
    function root(Witness memory witness, bytes32 leaf, uint256 index, uint256 used, uint256 depth)
        internal
        pure
        returns (bytes32 node)
    {
        uint256 position = witness.position;
        bytes32[] memory emptyRoots = witness.emptyRoots;
        node = leaf;
        assembly ("memory-safe") {
            for { let level := 0 } lt(level, depth) { level := add(level, 1) } {
                let beside := xor(shr(level, index), 1)
                let sibling := 0
                switch lt(shl(level, beside), used)
                case 0 { sibling := mload(add(add(emptyRoots, 0x20), shl(5, level))) }
                default {
                    sibling := calldataload(position)
                    position := add(position, 0x20)
                }
                // An odd place is the right one of its pair.
                let place := shl(5, and(beside, 1))
                mstore(place, sibling)
                mstore(xor(place, 0x20), node)
                node := keccak256(0x00, 0x40)
            }
        }
        witness.take(position - witness.position);
    }

    /// @notice Two roots over the same siblings: of the tree with one leaf at `index`, and with another.
    function roots(Witness memory witness, bytes32[2] memory leaves, uint256 index, uint256 used, uint256 depth)
        internal
        pure
        returns (bytes32 before, bytes32 afterwards)
    {
        uint256 start = witness.position;
        before = root(witness, leaves[0], index, used, depth);
        witness.position = start;
        afterwards = root(witness, leaves[1], index, used, depth);
    }

    /// @notice Depth of the smallest tree with room for `leafCount` leaves; 0 for one or none.
    function depthOf(uint256 leafCount) internal pure returns (uint256 depth) {
        unchecked {
            while ((uint256(1) << depth) < leafCount) ++depth;
        }
    }
}
