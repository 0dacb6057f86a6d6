// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { hashPair } from "./Hashing.sol";

/// @notice One segment of a dissection, opened under the dissection's root.
/// @param index Its place, from 0.
/// @param start Hash at its start: leaf `index`.
/// @param end Hash at its end: leaf `index + 1`.
/// @param siblings What else the root needs, from the leaves upwards; while the two paths are apart, the left one's first.
struct Segment {
    uint256 index;
    bytes32 start;
    bytes32 end;
    bytes32[] siblings;
}

/// @title Dissections
/// @notice A player's claims about a range of positions (lo, hi]: a hash at the end of each of its parts. Kept as the root of the
///         Merkle tree over the agreed start and those hashes, padded with zero leaves to a power of two.
library Dissections {
    /// @notice A range of this width has another number of parts.
    error Dissections_PartCount(uint256 expected, uint256 got);
    /// @notice The dissection has no such segment.
    error Dissections_SegmentIndex(uint256 index, uint256 parts);
    /// @notice The segment is not in the dissection.
    error Dissections_SegmentNotProven(bytes32 expected, bytes32 got);
    /// @notice The segment's proof has too few siblings or too many.
    error Dissections_SiblingCount(uint256 got);

    /// @notice Most parts of a dissection.
    uint256 internal constant MAX_PARTS = 32;

    /// @notice Parts of a range: its width, at most {MAX_PARTS}.
    function partsOf(uint256 lo, uint256 hi) internal pure returns (uint256) {
        uint256 width = hi - lo;
        return width < MAX_PARTS ? width : MAX_PARTS;
    }

    /// @notice Range of one part: from lo + ⌊i · width / parts⌋ to the same with i + 1.
    function segmentOf(uint256 lo, uint256 hi, uint256 index) internal pure returns (uint256 start, uint256 end) {
        uint256 parts = partsOf(lo, hi);
        // INVARIANT: a move stays inside the range.
        require(index < parts, Dissections_SegmentIndex(index, parts));
        // Positions have 40 bits, so nothing overflows.
        unchecked {
            uint256 width = hi - lo;
            start = lo + (index * width) / parts;
            end = lo + ((index + 1) * width) / parts;
        }
    }

    /// @notice Root of the dissection of (lo, hi] with these hashes. Checks that they are as many as its parts.
    function rootOf(uint256 lo, uint256 hi, bytes32 start, bytes32[] calldata hashes) internal pure returns (bytes32) {
        uint256 parts = partsOf(lo, hi);
        // INVARIANT: each dissection is as fine as it can be, so that a game takes few moves.
        require(hashes.length == parts, Dissections_PartCount(parts, hashes.length));
        return _fold(start, hashes);
    }

    /// @notice Root of the one-part dissection of a range of width 1.
    function rootOfPart(bytes32 start, bytes32 end) internal pure returns (bytes32) {
        return hashPair(start, end);
    }

    /// @notice Range of a segment. Reverts unless the segment is in the dissection of (lo, hi] with this root.
    function take(bytes32 root, uint256 lo, uint256 hi, Segment calldata segment)
        internal
        pure
        returns (uint256 start, uint256 end)
    {
        (start, end) = segmentOf(lo, hi, segment.index);
        bytes32 got = _rootBySegment(segment, _depthOf(partsOf(lo, hi) + 1));
        // INVARIANT: a move builds on hashes that the opponent committed to.
        require(got == root, Dissections_SegmentNotProven(root, got));
    }

    /// @dev Depth of the smallest tree with room for so many leaves.
    function _depthOf(uint256 leaves) private pure returns (uint256 depth) {
        unchecked {
            while (1 << depth < leaves) depth++;
        }
    }

    /// @dev Root over a start and hashes: level by level, in place, an empty subtree where a node has no right sibling.
    ///      Plainly Trees.root (test/dispute/support), which the tests hold it to: 32 hashes cost 42,000 gas there, 6,500 here.
    function _fold(bytes32 start, bytes32[] calldata hashes) private pure returns (bytes32 root) {
        assembly ("memory-safe") {
            // Above the free memory pointer, which stays: nothing of this is needed afterwards.
            let nodes := mload(0x40)
            mstore(nodes, start)
            calldatacopy(add(nodes, 0x20), hashes.offset, shl(5, hashes.length))
            let empty := 0
            for { let count := add(hashes.length, 1) } gt(count, 1) { count := shr(1, count) } {
                if and(count, 1) {
                    mstore(add(nodes, shl(5, count)), empty)
                    count := add(count, 1)
                }
                for { let i := 0 } lt(i, count) { i := add(i, 2) } {
                    mstore(add(nodes, shl(4, i)), keccak256(add(nodes, shl(5, i)), 0x40))
                }
                mstore(0x00, empty)
                mstore(0x20, empty)
                empty := keccak256(0x00, 0x40)
            }
            root := mload(nodes)
        }
    }

    /// @dev Climbs from two neighbouring leaves at once: apart until the left one is a left child, then as one node.
    function _rootBySegment(Segment calldata segment, uint256 depth) private pure returns (bytes32 node) {
        bytes32[] calldata siblings = segment.siblings;
        // INVARIANT: a segment has one proof. Apart, two paths take two siblings a level, none where they meet, then one.
        uint256 apart = _levelsApart(segment.index);
        require(siblings.length == depth + apart - 1, Dissections_SiblingCount(siblings.length));
        bytes32 right = segment.end;
        node = segment.start;
        uint256 used = 0;
        // The number of siblings is checked, and small.
        unchecked {
            for (uint256 height = 0; height < depth; height++) {
                if (height < apart) {
                    node = hashPair(siblings[used++], node);
                    right = hashPair(right, siblings[used++]);
                } else if (height == apart) {
                    node = hashPair(node, right);
                } else {
                    bytes32 sibling = siblings[used++];
                    bool isRight = (segment.index >> height) & 1 == 1;
                    node = isRight ? hashPair(sibling, node) : hashPair(node, sibling);
                }
            }
        }
    }

    /// @dev Levels on which leaf `index` is a right child: so long it shares no parent with the next leaf.
    function _levelsApart(uint256 index) private pure returns (uint256 levels) {
        unchecked {
            while ((index >> levels) & 1 == 1) levels++;
        }
    }
}
