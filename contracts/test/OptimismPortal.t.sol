// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DepositMeter } from "../l1/DepositMeter.sol";
import { aliasOf } from "../l1/DepositSender.sol";
import { OptimismPortal, ProofSystem } from "../l1/OptimismPortal.sol";
import { Test } from "./support/Test.sol";

contract OptimismPortalTest is Test {
    OptimismPortal internal portal;
    address internal constant ALICE = address(0xa11ce);

    function setUp() public {
        vm.fee(1 gwei);
        portal = new OptimismPortal();
    }

    function expectDeposit(address from, address to, bytes memory opaqueData) internal {
        vm.expectEmit(address(portal));
        emit OptimismPortal.TransactionDeposited(from, to, 0, opaqueData);
    }

    function testFuzzDepositsOfAKeyedAccount(address to, uint96 mint, uint256 value, bool isCreation, bytes memory data)
        public
    {
        if (isCreation) to = address(0);
        uint64 gasLimit = portal.minimumGasLimit(uint64(data.length));
        vm.deal(ALICE, mint);
        expectDeposit(ALICE, to, abi.encodePacked(uint256(mint), value, gasLimit, isCreation, data));
        vm.prank(ALICE, ALICE);
        portal.depositTransaction{ value: mint }(to, value, gasLimit, isCreation, data);
        vm.assertEq(address(portal).balance, mint);
    }

    function testAliasesAContractSender() public {
        address sender = address(0xc0de);
        vm.etch(sender, hex"60006000");
        address aliased = address(uint160(sender) + uint160(0x1111000000000000000000000000000000001111));
        expectDeposit(aliased, ALICE, abi.encodePacked(uint256(0), uint256(1), uint64(30_000), false));
        vm.prank(sender, ALICE);
        portal.depositTransaction(ALICE, 1, 30_000, false, "");
    }

    function testDoesNotAliasADelegatedAccount() public {
        vm.etch(ALICE, bytes.concat(hex"ef0100", bytes20(address(0xde1e))));
        expectDeposit(ALICE, ALICE, abi.encodePacked(uint256(0), uint256(1), uint64(30_000), false));
        vm.prank(ALICE, address(0xb0b));
        portal.depositTransaction(ALICE, 1, 30_000, false, "");
    }

    function testAliasWrapsAround() public pure {
        vm.assertEq(aliasOf(address(type(uint160).max)), address(0x1111000000000000000000000000000000001110));
    }

    function testAPlainTransferDepositsToTheSender() public {
        vm.deal(ALICE, 1 ether);
        expectDeposit(ALICE, ALICE, abi.encodePacked(uint256(1 ether), uint256(1 ether), uint64(100_000), false));
        vm.prank(ALICE, ALICE);
        (bool success,) = address(portal).call{ value: 1 ether }("");
        vm.assertTrue(success);
    }

    function testACreationHasNoTarget() public {
        vm.expectRevert(abi.encodeWithSelector(OptimismPortal.OptimismPortal_BadTarget.selector));
        portal.depositTransaction(ALICE, 0, 100_000, true, "");
    }

    function testFuzzRefusesTooLittleGas(uint64 gasLimit, bytes memory data) public {
        uint64 minimum = portal.minimumGasLimit(uint64(data.length));
        gasLimit = uint64(bound(gasLimit, 0, minimum - 1));
        vm.expectRevert(
            abi.encodeWithSelector(OptimismPortal.OptimismPortal_GasLimitTooLow.selector, minimum, gasLimit)
        );
        portal.depositTransaction(ALICE, 0, gasLimit, false, data);
    }

    function testBoundsTheData() public {
        portal.depositTransaction(ALICE, 0, 5_000_000, false, new bytes(120_000));
        vm.expectRevert(
            abi.encodeWithSelector(OptimismPortal.OptimismPortal_CalldataTooLarge.selector, 120_001, 120_000)
        );
        portal.depositTransaction(ALICE, 0, 5_000_000, false, new bytes(120_001));
    }

    function testSaysWhatIsProven() public view {
        vm.assertTrue(portal.proofSystem() == ProofSystem.INFERENCE_ONLY);
    }

    function testHasTheAbiOfTheOpStack() public view {
        vm.assertEq(portal.version(), "5.0.0");
        vm.assertEq(bytes32(portal.depositTransaction.selector), bytes32(bytes4(0xe9e05c42)));
        vm.assertEq(
            OptimismPortal.TransactionDeposited.selector,
            0xb3813568d9991fc951961fcb4c784893574240a28925604d09fc577c55bb7c32
        );
    }
}

contract DepositMeterTest is Test {
    OptimismPortal internal portal;
    uint64 internal constant LIMIT = 20_000_000;
    uint64 internal constant TARGET = 2_000_000;

    function setUp() public {
        vm.roll(1000);
        vm.fee(1 gwei);
        portal = new OptimismPortal();
    }

    function deposit(uint64 gasLimit) internal {
        portal.depositTransaction(address(1), 0, gasLimit, false, "");
    }

    function price() internal view returns (uint256 baseFee) {
        (baseFee,,) = portal.params();
    }

    function skipBlocks(uint256 count) internal {
        vm.roll(block.number + count);
    }

    function testSellsNoMoreThanTheLimitInABlock() public {
        deposit(LIMIT - 21_000);
        deposit(21_000);
        vm.expectRevert(abi.encodeWithSelector(DepositMeter.DepositMeter_GasExhausted.selector, LIMIT + 21_000, LIMIT));
        deposit(21_000);
        skipBlocks(1);
        deposit(21_000);
    }

    function testBurnsWhatTheL2GasCosts() public {
        uint256 before = gasleft();
        deposit(1_000_000);
        uint256 spent = before - gasleft();
        vm.assertTrue(spent >= 1_000_000 && spent < 1_050_000);
    }

    function testBurnsLessWhereL1GasIsDear() public {
        vm.fee(10 gwei);
        uint256 before = gasleft();
        deposit(10_000_000);
        uint256 spent = before - gasleft();
        vm.assertTrue(spent >= 1_000_000 && spent < 1_050_000);
    }

    function testThePriceRisesWithDemandAndFallsWithout() public {
        deposit(LIMIT);
        skipBlocks(1);
        deposit(21_000);
        // Nine targets over the target: 9/8 dearer.
        vm.assertEq(price(), 2.125 gwei);
        skipBlocks(1);
        deposit(21_000);
        // Almost nothing sold: about an eighth cheaper.
        vm.assertEq(price(), 2.125 gwei - (uint256(2.125 gwei) * (TARGET - 21_000)) / (TARGET * 8));
        skipBlocks(100);
        deposit(21_000);
        vm.assertEq(price(), 1 gwei);
    }

    function testThePriceStaysAtTheTarget() public {
        deposit(LIMIT);
        skipBlocks(1);
        deposit(TARGET);
        uint256 before = price();
        skipBlocks(1);
        deposit(21_000);
        vm.assertEq(price(), before);
    }

    function testFuzzNoGapOfBlocksBreaksTheMarket(uint64 firstGas, uint64 gap) public {
        // Dear L1 gas keeps the burning short.
        vm.fee(10_000 gwei);
        deposit(uint64(bound(firstGas, 21_000, LIMIT)));
        skipBlocks(bound(gap, 1, type(uint64).max - 2000));
        deposit(21_000);
        vm.assertTrue(price() >= 1 gwei && price() <= 2.125 gwei);
    }
}
