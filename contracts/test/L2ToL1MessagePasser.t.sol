// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { L2ToL1MessagePasser } from "../l2/L2ToL1MessagePasser.sol";
import { L2_TO_L1_MESSAGE_PASSER } from "../shared/Constants.sol";
import { Test } from "./support/Test.sol";

contract L2ToL1MessagePasserTest is Test {
    L2ToL1MessagePasser internal constant PASSER = L2ToL1MessagePasser(payable(L2_TO_L1_MESSAGE_PASSER));
    uint256 internal constant FIRST_NONCE = 1 << 240;

    function setUp() public {
        vm.etch(L2_TO_L1_MESSAGE_PASSER, type(L2ToL1MessagePasser).runtimeCode);
    }

    function testFuzzRecordsAMessage(address sender, address target, uint128 value, uint256 gasLimit, bytes memory data)
        public
    {
        bytes32 hash = keccak256(abi.encode(FIRST_NONCE, sender, target, uint256(value), gasLimit, data));
        vm.deal(sender, value);
        vm.expectEmit(L2_TO_L1_MESSAGE_PASSER);
        emit L2ToL1MessagePasser.MessagePassed(FIRST_NONCE, sender, target, value, gasLimit, data, hash);
        vm.prank(sender);
        PASSER.initiateWithdrawal{ value: value }(target, gasLimit, data);

        vm.assertTrue(PASSER.sentMessages(hash));
        vm.assertEq(PASSER.messageNonce(), FIRST_NONCE + 1);
        vm.assertEq(L2_TO_L1_MESSAGE_PASSER.balance, value);
        // The portal proves this slot.
        vm.assertEq(vm.load(L2_TO_L1_MESSAGE_PASSER, keccak256(abi.encode(hash, uint256(0)))), bytes32(uint256(1)));
    }

    function testGivesEqualMessagesDifferentHashes() public {
        PASSER.initiateWithdrawal(address(1), 2, "3");
        PASSER.initiateWithdrawal(address(1), 2, "3");
        bytes memory rest = abi.encode(address(this), address(1), uint256(0), uint256(2), bytes("3"));
        vm.assertTrue(PASSER.sentMessages(_hash(FIRST_NONCE, rest)));
        vm.assertTrue(PASSER.sentMessages(_hash(FIRST_NONCE + 1, rest)));
    }

    function testAPlainTransferWithdrawsToTheSender() public {
        address sender = address(0xa11ce);
        vm.deal(sender, 1 ether);
        vm.prank(sender);
        (bool success,) = L2_TO_L1_MESSAGE_PASSER.call{ value: 1 ether }("");
        vm.assertTrue(success);
        bytes32 hash = keccak256(abi.encode(FIRST_NONCE, sender, sender, 1 ether, 100_000, bytes("")));
        vm.assertTrue(PASSER.sentMessages(hash));
    }

    function testHasTheAbiOfTheOpStack() public view {
        vm.assertEq(bytes32(PASSER.initiateWithdrawal.selector), bytes32(bytes4(0xc2b3e5ac)));
        vm.assertEq(
            L2ToL1MessagePasser.MessagePassed.selector,
            0x02a52367d10742d8032712c1bb8e0144ff1ec5ffda1ed7d70bb05a2744955054
        );
        vm.assertEq(uint256(PASSER.MESSAGE_VERSION()), 1);
    }

    function _hash(uint256 nonce, bytes memory rest) internal pure returns (bytes32) {
        (address sender, address target, uint256 value, uint256 gasLimit, bytes memory data) =
            abi.decode(rest, (address, address, uint256, uint256, bytes));
        return keccak256(abi.encode(nonce, sender, target, value, gasLimit, data));
    }
}
