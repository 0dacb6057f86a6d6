// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { hashPair } from "./Hashing.sol";

/// @dev Depth of every block's record tree.
uint256 constant LOG_DEPTH = 16;
/// @dev Root of the record tree of a block without records: a tree of zero leaves.
bytes32 constant EMPTY_LOG_ROOT = 0x2733e50f526ec2fa19a22b31e8ed50f23cd1fdf94c9154ed3a7609a2f1ff981f;

/// @title LogProofs
/// @notice Prefixes of a block's inference log: the root over its first records, every other leaf zero.
library LogProofs {
    /// @notice Roots of the log's prefixes without and with the record at `index`, by its siblings in a log that holds it.
    /// @dev Left of a record's path the log and both prefixes are equal, right of it the prefixes are empty.
    function prefixRoots(bytes32 leaf, uint256 index, bytes32[] calldata siblings)
        internal
        pure
        returns (bytes32 without, bytes32 including)
    {
        bytes32 empty = 0;
        including = leaf;
        for (uint256 height = 0; height < LOG_DEPTH; height++) {
            if ((index >> height) & 1 == 1) {
                without = hashPair(siblings[height], without);
                including = hashPair(siblings[height], including);
            } else {
                without = hashPair(without, empty);
                including = hashPair(including, empty);
            }
            empty = hashPair(empty, empty);
        }
    }
}
