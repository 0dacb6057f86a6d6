// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Segment } from "../../../l1/dispute/Dissections.sol";

/// @title Trees
/// @notice Merkle trees as node/protocol/merkle.ts defines them, plainly: what the contracts under test are held to.
library Trees {
    /// @dev Depth of the smallest tree with room for so many leaves.
    function depthFor(uint256 leaves) internal pure returns (uint256 depth) {
        while (2 ** depth < leaves) depth++;
    }

    /// @dev Root of the tree of this depth, padded with zero leaves.
    function root(bytes32[] memory leaves, uint256 depth) internal pure returns (bytes32) {
        bytes32[] memory level = leaves;
        bytes32 padding = 0;
        for (uint256 height = 0; height < depth; height++) {
            level = above(level, padding);
            padding = keccak256(abi.encode(padding, padding));
        }
        return level.length == 0 ? padding : level[0];
    }

    /// @dev Siblings of a leaf, from the leaf upwards.
    function proof(bytes32[] memory leaves, uint256 index, uint256 depth)
        internal
        pure
        returns (bytes32[] memory siblings)
    {
        siblings = new bytes32[](depth);
        bytes32[] memory level = leaves;
        bytes32 padding = 0;
        for (uint256 height = 0; height < depth; height++) {
            uint256 sibling = (index >> height) ^ 1;
            siblings[height] = sibling < level.length ? level[sibling] : padding;
            level = above(level, padding);
            padding = keccak256(abi.encode(padding, padding));
        }
    }

    /// @dev One segment of a dissection, opened. The leaves are the start and the hashes.
    function segment(bytes32[] memory leaves, uint256 index) internal pure returns (Segment memory) {
        uint256 depth = depthFor(leaves.length);
        bytes32[] memory left = proof(leaves, index, depth);
        bytes32[] memory right = proof(leaves, index + 1, depth);
        bytes32[] memory siblings = new bytes32[](2 * depth);
        uint256 count = 0;
        bool joined = false;
        for (uint256 height = 0; height < depth; height++) {
            if (!joined && (index >> height) & 1 == 0) {
                joined = true;
                continue;
            }
            siblings[count++] = left[height];
            if (!joined) siblings[count++] = right[height];
        }
        assembly ("memory-safe") {
            mstore(siblings, count)
        }
        return Segment(index, leaves[index], leaves[index + 1], siblings);
    }

    /// @dev The leaves of a dissection: its start, then its hashes.
    function leavesOf(bytes32 start, bytes32[] memory hashes) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](hashes.length + 1);
        leaves[0] = start;
        for (uint256 i = 0; i < hashes.length; i++) {
            leaves[i + 1] = hashes[i];
        }
    }

    function above(bytes32[] memory level, bytes32 padding) internal pure returns (bytes32[] memory next) {
        next = new bytes32[]((level.length + 1) / 2);
        for (uint256 i = 0; i < next.length; i++) {
            bytes32 right = 2 * i + 1 < level.length ? level[2 * i + 1] : padding;
            next[i] = keccak256(abi.encode(level[2 * i], right));
        }
    }
}
