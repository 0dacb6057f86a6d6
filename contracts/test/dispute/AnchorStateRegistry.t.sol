// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAnchorStateRegistry } from "../../l1/dispute/IAnchorStateRegistry.sol";
import { IDisputeGame } from "../../l1/dispute/IDisputeGame.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { DisputeTest } from "./support/DisputeTest.sol";

contract AnchorStateRegistryTest is DisputeTest {
    function upheld(uint256 l2Block) internal returns (Proposal proposal) {
        proposal = propose(PROPOSER, bytes32(l2Block), l2Block, 0);
        pass(WINDOW);
        proposal.resolve();
    }

    function expectInvalid(IDisputeGame game_) internal {
        vm.expectRevert(
            abi.encodeWithSelector(IAnchorStateRegistry.AnchorStateRegistry_InvalidAnchorGame.selector, game_)
        );
    }

    function testTheAnchorMovesToWhatIsFinal() public {
        Proposal proposal = propose(PROPOSER, "root", 200, 0);
        expectInvalid(proposal);
        registry.setAnchorState(proposal);
        pass(WINDOW);
        proposal.resolve();
        vm.assertTrue(registry.isGameResolved(proposal));
        pass(AIR_GAP);
        vm.assertFalse(registry.isGameFinalized(proposal));
        expectInvalid(proposal);
        registry.setAnchorState(proposal);
        pass(1);
        vm.assertTrue(registry.isGameFinalized(proposal));
        registry.setAnchorState(proposal);
        (bytes32 root, uint256 l2Block) = registry.getAnchorRoot();
        vm.assertEq(root, "root");
        vm.assertEq(l2Block, 200);
        vm.assertEq(address(registry.anchorGame()), address(proposal));
        (root, l2Block) = registry.anchors(GAME_TYPE);
        vm.assertEq(root, "root");
        // The next proposals build on it.
        vm.assertEq(propose(PROPOSER, "next", 201, 0).startingBlockNumber(), 200);
    }

    function testTheAnchorOnlyMovesOn() public {
        Proposal older = upheld(150);
        Proposal newer = upheld(160);
        pass(AIR_GAP + 1);
        registry.setAnchorState(newer);
        vm.expectRevert(abi.encodeWithSelector(IAnchorStateRegistry.AnchorStateRegistry_NotNewer.selector, 150, 160));
        registry.setAnchorState(older);
        vm.expectRevert(abi.encodeWithSelector(IAnchorStateRegistry.AnchorStateRegistry_NotNewer.selector, 160, 160));
        registry.setAnchorState(newer);
    }

    function testAFallenProposalIsNoAnchor() public {
        Proposal proposal = propose(PROPOSER, "root", 200, 0);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.prank(GUARDIAN);
        proposal.rule(false);
        proposal.resolve();
        pass(AIR_GAP + 1);
        vm.assertTrue(registry.isGameFinalized(proposal));
        vm.assertFalse(registry.isGameClaimValid(proposal));
        expectInvalid(proposal);
        registry.setAnchorState(proposal);
    }

    function testWhatTheGuardianDeclaresVoidDoesNotCount() public {
        Proposal proposal = upheld(200);
        pass(AIR_GAP + 1);
        vm.assertTrue(registry.isGameProper(proposal) && registry.isGameClaimValid(proposal));
        vm.startPrank(GUARDIAN);
        registry.setPaused(true);
        vm.assertFalse(registry.isGameProper(proposal));
        registry.setPaused(false);
        vm.assertTrue(registry.isGameProper(proposal));
        uint256 state = vm.snapshotState();
        registry.updateRetirementTimestamp();
        vm.assertTrue(registry.isGameRetired(proposal));
        vm.assertFalse(registry.isGameClaimValid(proposal));
        vm.revertToState(state);
        registry.blacklistDisputeGame(proposal);
        vm.assertTrue(registry.isGameBlacklisted(proposal));
        vm.assertFalse(registry.isGameClaimValid(proposal));
        vm.stopPrank();
        expectInvalid(proposal);
        registry.setAnchorState(proposal);
    }

    function testOnlyTheRespectedTypeCounts() public {
        vm.prank(GUARDIAN);
        registry.setRespectedGameType(1);
        Proposal proposal = upheld(200);
        pass(AIR_GAP + 1);
        vm.assertFalse(registry.isGameRespected(proposal));
        vm.assertFalse(registry.isGameClaimValid(proposal));
    }

    function testAForgedGameIsNotRegistered() public {
        Proposal proposal = upheld(200);
        Impostor impostor = new Impostor(proposal);
        vm.assertTrue(registry.isGameRegistered(proposal));
        vm.assertFalse(registry.isGameRegistered(IDisputeGame(address(impostor))));
    }

    function testOnlyTheGuardianKeepsTheLists() public {
        Proposal proposal = propose(PROPOSER, "root", 200, 0);
        bytes[6] memory calls = [
            abi.encodeCall(IAnchorStateRegistry.setProposer, (STRANGER, true)),
            abi.encodeCall(IAnchorStateRegistry.blacklistDisputeGame, (proposal)),
            abi.encodeCall(IAnchorStateRegistry.updateRetirementTimestamp, ()),
            abi.encodeCall(IAnchorStateRegistry.setRespectedGameType, (1)),
            abi.encodeCall(IAnchorStateRegistry.setPaused, (true)),
            abi.encodeCall(IAnchorStateRegistry.transferGuardian, (STRANGER))
        ];
        bytes memory reason =
            abi.encodeWithSelector(IAnchorStateRegistry.AnchorStateRegistry_NotGuardian.selector, STRANGER);
        for (uint256 i = 0; i < calls.length; i++) {
            vm.prank(STRANGER);
            (bool success, bytes memory got) = address(registry).call(calls[i]);
            vm.assertFalse(success);
            vm.assertEq(got, reason);
            vm.prank(GUARDIAN);
            (success,) = address(registry).call(calls[i]);
            vm.assertTrue(success);
        }
        vm.assertEq(registry.guardian(), STRANGER);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IAnchorStateRegistry.AnchorStateRegistry_ZeroGuardian.selector));
        registry.transferGuardian(address(0));
    }
}

/// @dev Tells the story of a game that is another.
contract Impostor {
    Proposal private immutable _original;

    constructor(Proposal original) {
        _original = original;
    }

    function gameData() external view returns (uint32, bytes32, bytes memory) {
        return _original.gameData();
    }
}
