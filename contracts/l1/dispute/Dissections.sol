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
        uint256 width = hi - lo;
        start = lo + (index * width) / parts;
        end = lo + ((index + 1) * width) / parts;
    }

    /// @notice Root of the dissection of (lo, hi] with these hashes. Checks that they are as many as its parts.
    function rootOf(uint256 lo, uint256 hi, bytes32 start, bytes32[] calldata hashes) internal pure returns (bytes32) {
        uint256 parts = partsOf(lo, hi);
        // INVARIANT: each dissection is as fine as it can be, so that a game takes few moves.
        require(hashes.length == parts, Dissections_PartCount(parts, hashes.length));
        bytes32[] memory nodes = new bytes32[](parts + 1);
        nodes[0] = start;
        for (uint256 i = 0; i < parts; i++) {
            nodes[i + 1] = hashes[i];
        }
        return _fold(nodes);
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
        while (1 << depth < leaves) depth++;
    }

    /// @dev Folds the leaves level by level, in place. A node without a right sibling gets an empty subtree.
    function _fold(bytes32[] memory nodes) private pure returns (bytes32) {
        bytes32 padding = 0;
        uint256 count = nodes.length;
        while (count > 1) {
            uint256 pairs = count / 2;
            for (uint256 i = 0; i < pairs; i++) {
                nodes[i] = hashPair(nodes[2 * i], nodes[2 * i + 1]);
            }
            if (count % 2 == 1) nodes[pairs] = hashPair(nodes[count - 1], padding);
            padding = hashPair(padding, padding);
            count = count - pairs;
        }
        return nodes[0];
    }

    /// @dev Climbs from two neighbouring leaves at once: apart until the left one is a left child, then as one node.
    function _rootBySegment(Segment calldata segment, uint256 depth) private pure returns (bytes32 node) {
        bytes32 right = segment.end;
        bool joined = false;
        uint256 used = 0;
        uint256 place = segment.index;
        node = segment.start;
        for (uint256 height = 0; height < depth; height++) {
            if (joined) {
                bytes32 sibling = _sibling(segment, used++);
                node = place & 1 == 1 ? hashPair(sibling, node) : hashPair(node, sibling);
            } else if (place & 1 == 0) {
                node = hashPair(node, right);
                joined = true;
            } else {
                node = hashPair(_sibling(segment, used++), node);
                right = hashPair(right, _sibling(segment, used++));
            }
            place >>= 1;
        }
        // INVARIANT: a segment has one proof.
        require(used == segment.siblings.length, Dissections_SiblingCount(segment.siblings.length));
    }

    function _sibling(Segment calldata segment, uint256 index) private pure returns (bytes32) {
        // INVARIANT: a proof is complete.
        require(index < segment.siblings.length, Dissections_SiblingCount(segment.siblings.length));
        return segment.siblings[index];
    }
}
