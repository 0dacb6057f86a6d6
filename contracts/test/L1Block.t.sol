// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { L1Block } from "../l2/L1Block.sol";
import { L1_ATTRIBUTES_DEPOSITOR, L1_BLOCK } from "../shared/Constants.sol";
import { Test } from "./support/Test.sol";

contract L1BlockTest is Test {
    L1Block internal constant L1 = L1Block(L1_BLOCK);

    struct Values {
        uint32 baseFeeScalar;
        uint32 blobBaseFeeScalar;
        uint64 sequenceNumber;
        uint64 timestamp;
        uint64 number;
        uint256 basefee;
        uint256 blobBaseFee;
        bytes32 hash;
        bytes32 batcherHash;
    }

    function setUp() public {
        vm.etch(L1_BLOCK, type(L1Block).runtimeCode);
    }

    function pack(Values memory v) internal pure returns (bytes memory) {
        return bytes.concat(
            L1Block.setL1BlockValuesEcotone.selector,
            abi.encodePacked(v.baseFeeScalar, v.blobBaseFeeScalar, v.sequenceNumber, v.timestamp, v.number),
            abi.encodePacked(v.basefee, v.blobBaseFee, v.hash, v.batcherHash)
        );
    }

    function set(bytes memory data) internal {
        vm.prank(L1_ATTRIBUTES_DEPOSITOR);
        (bool success, bytes memory reason) = L1_BLOCK.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 32), mload(reason))
            }
        }
    }

    function setExternally(bytes memory data) external {
        set(data);
    }

    function testFuzzUnpacksEveryValue(Values memory v) public {
        set(pack(v));
        vm.assertEq(L1.baseFeeScalar(), v.baseFeeScalar);
        vm.assertEq(L1.blobBaseFeeScalar(), v.blobBaseFeeScalar);
        vm.assertEq(L1.sequenceNumber(), v.sequenceNumber);
        vm.assertEq(L1.timestamp(), v.timestamp);
        vm.assertEq(L1.number(), v.number);
        vm.assertEq(L1.basefee(), v.basefee);
        vm.assertEq(L1.blobBaseFee(), v.blobBaseFee);
        vm.assertEq(L1.hash(), v.hash);
        vm.assertEq(L1.batcherHash(), v.batcherHash);
        vm.assertEq(L1.l1FeeOverhead() + L1.l1FeeScalar(), 0);
    }

    function testHasTheSelectorOfTheOpStack() public pure {
        vm.assertEq(bytes32(L1Block.setL1BlockValuesEcotone.selector), bytes32(bytes4(0x440a5e20)));
    }

    function testHasTheStorageLayoutOfTheOpStack() public {
        Values memory v = Values(1, 2, 3, 4, 5, 6, 7, bytes32(uint256(8)), bytes32(uint256(9)));
        set(pack(v));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(0))), bytes32(uint256((4 << 64) | 5)));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(1))), bytes32(uint256(6)));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(2))), bytes32(uint256(8)));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(3))), bytes32(uint256((1 << 96) | (2 << 64) | 3)));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(4))), bytes32(uint256(9)));
        vm.assertEq(vm.load(L1_BLOCK, bytes32(uint256(7))), bytes32(uint256(7)));
    }

    function testFuzzOnlyTheDepositorSets(address caller, Values memory v) public {
        vm.assume(caller != L1_ATTRIBUTES_DEPOSITOR);
        vm.expectRevert(abi.encodeWithSelector(L1Block.L1Block_NotDepositor.selector, caller));
        vm.prank(caller);
        L1.setL1BlockValuesEcotone();
        vm.assertEq(L1.DEPOSITOR_ACCOUNT(), L1_ATTRIBUTES_DEPOSITOR);
        set(pack(v));
    }

    function testFuzzRefusesOtherLengths(uint256 size) public {
        size = bound(size, 4, 400);
        vm.assume(size != 164);
        bytes memory data = new bytes(size);
        bytes4 selector = L1Block.setL1BlockValuesEcotone.selector;
        for (uint256 i = 0; i < 4; i++) {
            data[i] = selector[i];
        }
        vm.expectRevert(abi.encodeWithSelector(L1Block.L1Block_CalldataSize.selector, 164, size));
        this.setExternally(data);
    }
}
