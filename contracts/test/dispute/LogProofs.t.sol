// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { EMPTY_LOG_ROOT, LOG_DEPTH, LogProofs } from "../../l1/dispute/LogProofs.sol";
import { Test } from "../support/Test.sol";
import { Trees } from "./support/Trees.sol";

contract LogProofsTest is Test {
    function prefixRoots(bytes32 leaf, uint256 index, bytes32[] calldata siblings)
        external
        pure
        returns (bytes32, bytes32)
    {
        return LogProofs.prefixRoots(leaf, index, siblings);
    }

    function leavesOf(uint256 count) internal pure returns (bytes32[] memory leaves) {
        leaves = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            leaves[i] = keccak256(abi.encode("record", i));
        }
    }

    function testTheEmptyLog() public pure {
        vm.assertEq(Trees.root(new bytes32[](0), LOG_DEPTH), EMPTY_LOG_ROOT);
    }

    function testPrefixesOfEveryRecord() public view {
        for (uint256 count = 1; count <= 20; count++) {
            for (uint256 index = 0; index < count; index++) {
                requirePrefixes(count, index);
            }
        }
    }

    function testFuzzPrefixesOfLongerLogs(uint256 count, uint256 index) public view {
        count = bound(count, 1, 300);
        requirePrefixes(count, bound(index, 0, count - 1));
    }

    function requirePrefixes(uint256 count, uint256 index) internal view {
        bytes32[] memory leaves = leavesOf(count);
        bytes32[] memory siblings = Trees.proof(leaves, index, LOG_DEPTH);
        (bytes32 without, bytes32 including) = this.prefixRoots(leaves[index], index, siblings);
        vm.assertEq(without, Trees.root(leavesOf(index), LOG_DEPTH));
        vm.assertEq(including, Trees.root(leavesOf(index + 1), LOG_DEPTH));
    }
}
