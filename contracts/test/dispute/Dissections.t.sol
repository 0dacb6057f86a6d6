// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Dissections, Segment } from "../../l1/dispute/Dissections.sol";
import { hashPair, merkleRootOf } from "../../l1/dispute/Hashing.sol";
import { Test } from "../support/Test.sol";
import { Trees } from "./support/Trees.sol";

/// @dev Gives the library's internal functions call data.
contract DissectionsCaller {
    function rootOf(uint256 lo, uint256 hi, bytes32 start, bytes32[] calldata hashes) external pure returns (bytes32) {
        return Dissections.rootOf(lo, hi, start, hashes);
    }

    function take(bytes32 root, uint256 lo, uint256 hi, Segment calldata segment)
        external
        pure
        returns (uint256, uint256)
    {
        return Dissections.take(root, lo, hi, segment);
    }

    function segmentOf(uint256 lo, uint256 hi, uint256 index) external pure returns (uint256, uint256) {
        return Dissections.segmentOf(lo, hi, index);
    }

    function merkleRoot(bytes32 leaf, uint256 index, bytes32[] calldata siblings) external pure returns (bytes32) {
        return merkleRootOf(leaf, index, siblings);
    }
}

contract DissectionsTest is Test {
    DissectionsCaller internal caller = new DissectionsCaller();

    function hashesOf(uint256 count) internal pure returns (bytes32[] memory hashes) {
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            hashes[i] = keccak256(abi.encode("hash", i));
        }
    }

    function testFuzzAnInnerNodeIsTheHashOfItsChildren(bytes32 left, bytes32 right) public pure {
        vm.assertEq(hashPair(left, right), keccak256(abi.encode(left, right)));
    }

    function testFuzzMerkleRoots(uint256 count, uint256 index, uint256 depth) public view {
        depth = bound(depth, 0, 6);
        count = bound(count, 1, 2 ** depth);
        index = bound(index, 0, count - 1);
        bytes32[] memory leaves = hashesOf(count);
        bytes32 got = caller.merkleRoot(leaves[index], index, Trees.proof(leaves, index, depth));
        vm.assertEq(got, Trees.root(leaves, depth));
    }

    function testTheRootOfEveryNumberOfParts() public view {
        for (uint256 parts = 1; parts <= 32; parts++) {
            bytes32[] memory hashes = hashesOf(parts);
            bytes32[] memory leaves = Trees.leavesOf("start", hashes);
            bytes32 expected = Trees.root(leaves, Trees.depthFor(parts + 1));
            vm.assertEq(caller.rootOf(7, 7 + parts, "start", hashes), expected);
        }
    }

    function testEverySegmentOpens() public view {
        for (uint256 parts = 1; parts <= 32; parts++) {
            bytes32[] memory leaves = Trees.leavesOf("start", hashesOf(parts));
            bytes32 root = Trees.root(leaves, Trees.depthFor(parts + 1));
            for (uint256 index = 0; index < parts; index++) {
                (uint256 start, uint256 end) = caller.take(root, 7, 7 + parts, Trees.segment(leaves, index));
                vm.assertTrue(start == 7 + index && end == 8 + index);
            }
        }
    }

    /// @dev Every single change of an opening is refused, whatever the shape of the tree.
    function testFuzzAChangedSegmentIsRefused(uint256 parts, uint256 index, uint256 field, bytes32 noise) public view {
        parts = bound(parts, 1, 32);
        index = bound(index, 0, parts - 1);
        vm.assume(noise != 0);
        bytes32[] memory leaves = Trees.leavesOf("start", hashesOf(parts));
        bytes32 root = Trees.root(leaves, Trees.depthFor(parts + 1));
        Segment memory segment = Trees.segment(leaves, index);
        field = bound(field, 0, 2 + segment.siblings.length);
        if (field == 0) segment.start ^= noise;
        else if (field == 1) segment.end ^= noise;
        else if (field == 2) segment.index ^= uint256(noise);
        else segment.siblings[field - 3] ^= noise;
        try caller.take(root, 0, parts, segment) {
            revert("accepted");
        } catch { }
    }

    function testAProofHasExactlyItsSiblings() public {
        bytes32[] memory leaves = Trees.leavesOf("start", hashesOf(32));
        bytes32 root = Trees.root(leaves, 6);
        for (uint256 index = 0; index < 32; index++) {
            Segment memory segment = Trees.segment(leaves, index);
            uint256 count = segment.siblings.length;
            segment.siblings = new bytes32[](count - 1);
            expectSiblingCount(count - 1);
            caller.take(root, 0, 32, segment);
            segment = Trees.segment(leaves, index);
            bytes32[] memory longer = new bytes32[](count + 1);
            for (uint256 i = 0; i < count; i++) {
                longer[i] = segment.siblings[i];
            }
            segment.siblings = longer;
            expectSiblingCount(count + 1);
            caller.take(root, 0, 32, segment);
        }
    }

    function expectSiblingCount(uint256 count) internal {
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_SiblingCount.selector, count));
    }

    function testADissectionHasExactlyItsParts() public {
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_PartCount.selector, 32, 31));
        caller.rootOf(0, 1000, "start", hashesOf(31));
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_PartCount.selector, 32, 33));
        caller.rootOf(0, 1000, "start", hashesOf(33));
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_PartCount.selector, 5, 0));
        caller.rootOf(10, 15, "start", hashesOf(0));
    }

    /// @dev The parts of a range join up, cover it, and none is empty.
    function testFuzzPartsCoverTheRange(uint40 lo, uint40 width) public view {
        width = uint40(bound(width, 1, type(uint40).max));
        uint256 hi = uint256(lo) + width;
        uint256 parts = Dissections.partsOf(lo, hi);
        uint256 next = lo;
        for (uint256 index = 0; index < parts; index++) {
            (uint256 start, uint256 end) = caller.segmentOf(lo, hi, index);
            vm.assertEq(start, next);
            vm.assertTrue(end > start && end - start <= (width + parts - 1) / parts);
            next = end;
        }
        vm.assertEq(next, hi);
    }

    function testThereIsNoSegmentPastTheLast() public {
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_SegmentIndex.selector, 32, 32));
        caller.segmentOf(0, 100, 32);
        vm.expectRevert(abi.encodeWithSelector(Dissections.Dissections_SegmentIndex.selector, type(uint256).max, 3));
        caller.segmentOf(4, 7, type(uint256).max);
    }
}
