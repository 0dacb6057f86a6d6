// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Witness, hashPair } from "./Witness.sol";

/// @title MerkleOpenings
/// @notice Roots of binary Merkle trees from one leaf and siblings in the witness. Siblings of subtrees that cannot hold anything but
///         zero leaves are not in the witness, so there is one way only to write an opening.
library MerkleOpenings {
    /// @notice The node that `leaf` at `index` has `depth` levels above it.
    /// @param used Leaves from here on are zero.
    function root(Witness memory witness, bytes32 leaf, uint256 index, uint256 used, uint256 depth)
        internal
        pure
        returns (bytes32 node)
    {
        node = leaf;
        unchecked {
            for (uint256 level = 0; level < depth; ++level) {
                uint256 beside = (index >> level) ^ 1;
                bytes32 sibling = (beside << level) >= used ? witness.emptyRoots[level] : witness.takeWord();
                node = beside & 1 == 1 ? hashPair(node, sibling) : hashPair(sibling, node);
            }
        }
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
