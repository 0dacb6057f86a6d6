// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Multicall3 } from "../shared/Multicall3.sol";
import { Test } from "./support/Test.sol";

/// @notice Something to call: echoes, or fails.
contract Target {
    error Target_Failed(uint256 code);

    function echo(uint256 value) external payable returns (uint256, uint256) {
        return (value, msg.value);
    }

    function fail(uint256 code) external pure {
        revert Target_Failed(code);
    }
}

contract Multicall3Test is Test {
    Multicall3 internal multicall = new Multicall3();
    Target internal target = new Target();
    bytes internal echo5 = abi.encodeCall(Target.echo, (5));
    bytes internal fail7 = abi.encodeCall(Target.fail, (7));

    function failure(uint256 index) internal pure returns (bytes memory) {
        bytes memory reason = abi.encodeWithSelector(Target.Target_Failed.selector, 7);
        return abi.encodeWithSelector(Multicall3.Multicall3_CallFailed.selector, index, reason);
    }

    function calls(bytes memory first, bytes memory second) internal view returns (Multicall3.Call[] memory list) {
        list = new Multicall3.Call[](2);
        list[0] = Multicall3.Call(address(target), first);
        list[1] = Multicall3.Call(address(target), second);
    }

    function testAggregateNeedsAllToSucceed() public {
        (uint256 blockNumber, bytes[] memory data) = multicall.aggregate(calls(echo5, echo5));
        vm.assertEq(blockNumber, block.number);
        vm.assertEq(data[1], abi.encode(5, 0));
        vm.expectRevert(failure(1));
        multicall.aggregate(calls(echo5, fail7));
    }

    function testTryAggregateReportsFailures() public {
        Multicall3.Result[] memory results = multicall.tryAggregate(false, calls(fail7, echo5));
        vm.assertFalse(results[0].success);
        vm.assertEq(results[0].returnData, abi.encodeWithSelector(Target.Target_Failed.selector, 7));
        vm.assertTrue(results[1].success);
        vm.expectRevert(failure(0));
        multicall.tryAggregate(true, calls(fail7, echo5));
    }

    function testBlockAndAggregateNamesTheBlock() public {
        (uint256 blockNumber, bytes32 blockHash, Multicall3.Result[] memory results) =
            multicall.blockAndAggregate(calls(echo5, echo5));
        vm.assertEq(blockNumber, block.number);
        vm.assertEq(blockHash, blockhash(block.number));
        vm.assertEq(results.length, 2);
        vm.expectRevert(failure(1));
        multicall.blockAndAggregate(calls(echo5, fail7));
        (,, results) = multicall.tryBlockAndAggregate(false, calls(fail7, echo5));
        vm.assertFalse(results[0].success);
    }

    function testFuzzAggregate3FollowsEachCallsWish(bool allowFirst, bool allowSecond) public {
        Multicall3.Call3[] memory list = new Multicall3.Call3[](2);
        list[0] = Multicall3.Call3(address(target), allowFirst, echo5);
        list[1] = Multicall3.Call3(address(target), allowSecond, fail7);
        if (!allowSecond) vm.expectRevert(failure(1));
        Multicall3.Result[] memory results = multicall.aggregate3(list);
        if (allowSecond) {
            vm.assertTrue(results[0].success);
            vm.assertFalse(results[1].success);
        }
    }

    function testAggregate3ValueSpendsExactlyWhatWasSent() public {
        vm.deal(address(this), 10);
        Multicall3.Call3Value[] memory list = new Multicall3.Call3Value[](2);
        list[0] = Multicall3.Call3Value(address(target), false, 1, echo5);
        list[1] = Multicall3.Call3Value(address(target), false, 2, echo5);
        Multicall3.Result[] memory results = multicall.aggregate3Value{ value: 3 }(list);
        vm.assertEq(results[1].returnData, abi.encode(5, 2));
        vm.expectRevert(abi.encodeWithSelector(Multicall3.Multicall3_ValueMismatch.selector, 3, 4));
        multicall.aggregate3Value{ value: 4 }(list);
    }

    function testTellsOfTheBlockAndTheChain() public {
        vm.fee(3);
        vm.deal(address(0xa11ce), 4);
        vm.assertEq(multicall.getBasefee(), 3);
        vm.assertEq(multicall.getEthBalance(address(0xa11ce)), 4);
        vm.assertEq(multicall.getBlockNumber(), block.number);
        vm.assertEq(multicall.getBlockHash(block.number - 1), blockhash(block.number - 1));
        vm.assertEq(multicall.getLastBlockHash(), blockhash(block.number - 1));
        vm.assertEq(multicall.getChainId(), block.chainid);
        vm.assertEq(multicall.getCurrentBlockCoinbase(), block.coinbase);
        vm.assertEq(multicall.getCurrentBlockDifficulty(), block.prevrandao);
        vm.assertEq(multicall.getCurrentBlockGasLimit(), block.gaslimit);
        vm.assertEq(multicall.getCurrentBlockTimestamp(), block.timestamp);
    }

    function testHasTheAbiThatToolsExpect() public view {
        vm.assertEq(bytes32(multicall.aggregate.selector), bytes32(bytes4(0x252dba42)));
        vm.assertEq(bytes32(multicall.aggregate3.selector), bytes32(bytes4(0x82ad56cb)));
        vm.assertEq(bytes32(multicall.aggregate3Value.selector), bytes32(bytes4(0x174dea71)));
        vm.assertEq(bytes32(multicall.tryAggregate.selector), bytes32(bytes4(0xbce38bd7)));
        vm.assertEq(bytes32(multicall.blockAndAggregate.selector), bytes32(bytes4(0xc3077fa9)));
        vm.assertEq(bytes32(multicall.tryBlockAndAggregate.selector), bytes32(bytes4(0x399542e9)));
    }
}
