// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice An inner node of a Merkle tree: keccak256(left ‖ right).
/// @dev Plainly keccak256(abi.encode(left, right)), which costs 76 gas more and leaves memory behind.
function hashPair(bytes32 left, bytes32 right) pure returns (bytes32 node) {
    assembly ("memory-safe") {
        mstore(0x00, left)
        mstore(0x20, right)
        node := keccak256(0x00, 0x40)
    }
}

/// @notice Root of a tree that holds `leaf` at `index`, by its siblings from the leaf upwards.
/// @dev An index beyond the tree is not refused here: its high bits would go unread.
function merkleRootOf(bytes32 leaf, uint256 index, bytes32[] calldata siblings) pure returns (bytes32 node) {
    node = leaf;
    for (uint256 height = 0; height < siblings.length; height++) {
        bool isRight = (index >> height) & 1 == 1;
        node = isRight ? hashPair(siblings[height], node) : hashPair(node, siblings[height]);
    }
}
