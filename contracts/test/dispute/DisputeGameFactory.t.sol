// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputeGameFactory } from "../../l1/dispute/IDisputeGameFactory.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { DisputeTest } from "./support/DisputeTest.sol";

contract DisputeGameFactoryTest is DisputeTest {
    function testCreatesAndLists() public {
        bytes memory extraData = extraDataOf(200, PROPOSER, 0);
        vm.expectEmit(address(factory));
        bytes32 uuid = keccak256(abi.encode(GAME_TYPE, bytes32("root"), extraData));
        vm.assertEq(factory.getGameUUID(GAME_TYPE, "root", extraData), uuid);
        emit IDisputeGameFactory.DisputeGameCreated(predict(extraData), GAME_TYPE, "root");
        Proposal proposal = propose(PROPOSER, "root", 200, 0);
        vm.assertEq(factory.gameCount(), 1);
        (address proxy, uint64 timestamp) = factory.games(GAME_TYPE, "root", extraData);
        vm.assertEq(proxy, address(proposal));
        vm.assertEq(timestamp, block.timestamp);
        uint32 gameType;
        (gameType, timestamp, proxy) = factory.gameAtIndex(0);
        vm.assertEq(proxy, address(proposal));
        vm.assertTrue(gameType == GAME_TYPE && timestamp == block.timestamp);
    }

    /// @dev The address follows from all that the proposal is.
    function predict(bytes memory extraData) internal view returns (address) {
        bytes memory args = bytes.concat(abi.encode(PROPOSER, bytes32("root"), blockhash(block.number - 1)), extraData);
        bytes memory runtime = bytes.concat(
            hex"363d3d373d3d3d363d73", bytes20(factory.gameImpls(GAME_TYPE)), hex"5af43d82803e903d91602b57fd5bf3", args
        );
        bytes memory creation = bytes.concat(hex"61", bytes2(uint16(runtime.length)), hex"80600a3d393df3", runtime);
        bytes32 salt = factory.getGameUUID(GAME_TYPE, "root", extraData);
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(factory), salt, keccak256(creation)));
        return address(uint160(uint256(hash)));
    }

    function testOneGameForOneClaim() public {
        propose(PROPOSER, "root", 200, 0);
        bytes memory extraData = extraDataOf(200, PROPOSER, 0);
        bytes32 uuid = factory.getGameUUID(GAME_TYPE, "root", extraData);
        vm.prank(PROPOSER);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGameFactory.GameAlreadyExists.selector, uuid));
        factory.create{ value: PROPOSAL_BOND }(GAME_TYPE, "root", extraData);
        propose(PROPOSER, "root", 200, 1);
    }

    function testTheBondIsExact() public {
        bytes memory extraData = extraDataOf(200, PROPOSER, 0);
        vm.startPrank(PROPOSER);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGameFactory.IncorrectBondAmount.selector));
        factory.create{ value: PROPOSAL_BOND - 1 }(GAME_TYPE, "root", extraData);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGameFactory.IncorrectBondAmount.selector));
        factory.create{ value: PROPOSAL_BOND + 1 }(GAME_TYPE, "root", extraData);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGameFactory.NoImplementation.selector, 1));
        factory.create(1, "root", extraData);
        vm.stopPrank();
    }

    function testFindsTheLatestGames() public {
        // Games of another type in between are passed over.
        Proposal.Config memory config = Proposal.Config(8, registry, game, WINDOW, RULING_PERIOD, FLAG_BOND);
        Proposal implementation = new Proposal(config);
        vm.prank(GUARDIAN);
        factory.setImplementation(8, address(implementation));
        for (uint256 i = 0; i < 5; i++) {
            pass(1);
            propose(PROPOSER, bytes32(i + 1), 200, i);
        }
        createOfType8();
        IDisputeGameFactory.GameSearchResult[] memory found = factory.findLatestGames(GAME_TYPE, 5, 3);
        vm.assertEq(found.length, 3);
        for (uint256 i = 0; i < 3; i++) {
            vm.assertEq(found[i].index, 4 - i);
            vm.assertEq(found[i].rootClaim, bytes32(5 - i));
            vm.assertEq(found[i].extraData, extraDataOf(200, PROPOSER, 4 - i));
            (, uint64 timestamp, address proxy) = factory.gameAtIndex(4 - i);
            vm.assertEq(found[i].metadata, bytes32(abi.encodePacked(GAME_TYPE, timestamp, proxy)));
            vm.assertEq(found[i].timestamp, timestamp);
        }
        vm.assertEq(factory.findLatestGames(GAME_TYPE, 1, 9).length, 2);
        vm.assertEq(factory.findLatestGames(GAME_TYPE, 6, 3).length, 0);
        vm.assertEq(factory.findLatestGames(GAME_TYPE, 4, 0).length, 0);
        vm.assertEq(factory.findLatestGames(8, 5, 3).length, 1);
        vm.assertEq(factory.findLatestGames(GAME_TYPE, 4, type(uint256).max).length, 5);
    }

    function createOfType8() internal {
        vm.prank(PROPOSER);
        factory.create(8, "root", extraDataOf(200, PROPOSER, 0));
    }

    function testOnlyTheOwnerSetsUp() public {
        bytes memory reason = abi.encodeWithSelector(IDisputeGameFactory.DisputeGameFactory_NotOwner.selector, STRANGER);
        vm.startPrank(STRANGER);
        vm.expectRevert(reason);
        factory.setImplementation(GAME_TYPE, address(0));
        vm.expectRevert(reason);
        factory.setInitBond(GAME_TYPE, 0);
        vm.expectRevert(reason);
        factory.transferOwnership(STRANGER);
        vm.stopPrank();
        vm.startPrank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IDisputeGameFactory.DisputeGameFactory_ZeroOwner.selector));
        factory.transferOwnership(address(0));
        factory.transferOwnership(STRANGER);
        vm.assertEq(factory.owner(), STRANGER);
        vm.stopPrank();
    }

    function testHasTheAbiOfTheOpStack() public pure {
        vm.assertEq(bytes32(IDisputeGameFactory.findLatestGames.selector), bytes32(bytes4(0x254bd683)));
        vm.assertEq(
            IDisputeGameFactory.DisputeGameCreated.selector, keccak256("DisputeGameCreated(address,uint32,bytes32)")
        );
    }
}
