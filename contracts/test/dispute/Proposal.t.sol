// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState, IBisectionGame } from "../../l1/dispute/IBisectionGame.sol";
import { GameStatus, IDisputeGame } from "../../l1/dispute/IDisputeGame.sol";
import { IProposal, Outcome, Ruling } from "../../l1/dispute/IProposal.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Lie, View } from "./support/Claims.sol";
import { Match } from "./support/Match.sol";

contract ProposalTest is Match {
    uint256 internal constant L2_BLOCK = 110;
    bytes32 internal constant ROOT = bytes32("root");

    function create(address creator, bytes memory extraData) internal returns (Proposal) {
        vm.prank(creator);
        return Proposal(factory.create{ value: PROPOSAL_BOND }(GAME_TYPE, ROOT, extraData));
    }

    function testSaysWhatItIs() public {
        vm.setBlockhash(block.number - 1, keccak256("l1 head"));
        Proposal proposal = propose(PROPOSER, ROOT, L2_BLOCK, 5);
        bytes memory extraData = extraDataOf(L2_BLOCK, PROPOSER, 5);
        vm.assertEq(proposal.gameType(), GAME_TYPE);
        vm.assertEq(proposal.rootClaim(), ROOT);
        vm.assertEq(proposal.l1Head(), keccak256("l1 head"));
        vm.assertEq(proposal.extraData(), extraData);
        vm.assertEq(proposal.l2SequenceNumber(), L2_BLOCK);
        vm.assertEq(proposal.gameCreator(), PROPOSER);
        vm.assertEq(proposal.proposer(), PROPOSER);
        vm.assertEq(proposal.createdAt(), block.timestamp);
        vm.assertEq(proposal.resolvedAt(), 0);
        vm.assertEq(proposal.windowClosesAt(), block.timestamp + WINDOW);
        vm.assertEq(proposal.maxClockDuration(), CLOCK);
        vm.assertEq(proposal.startingBlockNumber(), ANCHOR_BLOCK);
        vm.assertEq(proposal.startingRootHash(), claims.rootAt(world, truth, ANCHOR_BLOCK));
        vm.assertTrue(proposal.wasRespectedGameTypeWhenCreated());
        vm.assertTrue(proposal.status() == GameStatus.IN_PROGRESS);
        (uint32 gameType, bytes32 rootClaim, bytes memory got) = proposal.gameData();
        vm.assertTrue(gameType == GAME_TYPE && rootClaim == ROOT);
        vm.assertEq(got, extraData);
        vm.assertEq(game.standing(address(proposal)).bond, PROPOSAL_BOND);
    }

    function testHasTheAbiOfTheOpStack() public pure {
        vm.assertEq(bytes32(IDisputeGame.l2SequenceNumber.selector), bytes32(bytes4(0x99735e32)));
        vm.assertEq(IDisputeGame.Resolved.selector, keccak256("Resolved(uint8)"));
        vm.assertEq(bytes32(IDisputeGame.status.selector), bytes32(bytes4(keccak256("status()"))));
    }

    function testTheExtraDataHasOneForm() public {
        bytes memory reason = abi.encodeWithSelector(IProposal.Proposal_BadExtraData.selector);
        bytes memory good = extraDataOf(L2_BLOCK, PROPOSER, 0);
        vm.expectRevert(reason);
        create(PROPOSER, bytes.concat(good, hex"00"));
        vm.expectRevert(reason);
        create(PROPOSER, abi.encode(L2_BLOCK, PROPOSER));
        vm.expectRevert(reason);
        create(PROPOSER, "");
        // Bits above the address would make another uuid of the same claim.
        vm.expectRevert(reason);
        create(PROPOSER, abi.encode(L2_BLOCK, uint256(uint160(PROPOSER)) | (1 << 160), 0));
        create(PROPOSER, good);
    }

    function testOnlyAllowedProposersPropose() public {
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_ProposerNotAllowed.selector, STRANGER));
        create(STRANGER, extraDataOf(L2_BLOCK, STRANGER, 0));
        vm.startPrank(GUARDIAN);
        registry.setProposer(STRANGER, true);
        registry.setProposer(PROPOSER, false);
        vm.stopPrank();
        create(STRANGER, extraDataOf(L2_BLOCK, STRANGER, 0));
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_ProposerNotAllowed.selector, PROPOSER));
        create(PROPOSER, extraDataOf(L2_BLOCK, PROPOSER, 0));
    }

    function testTheBlockIsAfterTheAnchor() public {
        bytes4 selector = IProposal.Proposal_BlockOutOfRange.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, ANCHOR_BLOCK, ANCHOR_BLOCK));
        create(PROPOSER, extraDataOf(ANCHOR_BLOCK, PROPOSER, 0));
        vm.expectRevert(abi.encodeWithSelector(selector, 1 << 40, ANCHOR_BLOCK));
        create(PROPOSER, extraDataOf(1 << 40, PROPOSER, 0));
        create(PROPOSER, extraDataOf((1 << 40) - 1, PROPOSER, 0));
    }

    function testItIsSetUpOnce() public {
        Proposal proposal = propose(PROPOSER, ROOT, L2_BLOCK, 0);
        vm.prank(address(factory));
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_Initialized.selector));
        proposal.initialize();
        // The implementation itself is no proposal, and never becomes one.
        Proposal implementation = Proposal(factory.gameImpls(GAME_TYPE));
        vm.prank(address(factory));
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_BadExtraData.selector));
        implementation.initialize();
    }

    function testItStandsOnceTheWindowIsClosed() public {
        Proposal proposal = propose(PROPOSER, ROOT, L2_BLOCK, 0);
        vm.warp(proposal.windowClosesAt() - 1);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_WindowOpen.selector, proposal.windowClosesAt()));
        proposal.resolve();
        vm.warp(proposal.windowClosesAt());
        vm.expectEmit(address(proposal));
        emit IDisputeGame.Resolved(GameStatus.DEFENDER_WINS);
        proposal.resolve();
        vm.assertEq(proposal.resolvedAt(), block.timestamp);
        vm.assertTrue(proposal.outcome() == Outcome.UPHELD);
    }

    function testNoGameOpensAfterTheWindow() public {
        Proposal proposal = proposeView(truth, L2_BLOCK);
        View memory lie = lieAbout(Lie.OUTPUT, 105, 1, 42);
        vm.warp(proposal.windowClosesAt());
        bytes32[] memory hashes = new bytes32[](10);
        vm.expectRevert(
            abi.encodeWithSelector(IBisectionGame.BisectionGame_WindowClosed.selector, proposal.windowClosesAt())
        );
        vm.prank(CHALLENGER);
        game.open{ value: CHALLENGER_BOND }(address(proposal), hashes);
        vm.warp(proposal.windowClosesAt() - 1);
        openGame(proposal, CHALLENGER, lie);
    }

    function testItWaitsForItsGames() public {
        Proposal proposal = proposeView(truth, L2_BLOCK);
        View memory lie = lieAbout(Lie.OUTPUT, 105, 1, 42);
        bytes32 gameId = openGame(proposal, CHALLENGER, lie);
        playOut(gameId, lie, truth, 1);
        pass(WINDOW);
        // A decided game counts once it is settled: anyone can do that.
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_GamesOpen.selector, 1));
        proposal.resolve();
        game.settle(gameId);
        vm.assertTrue(proposal.resolve() == GameStatus.DEFENDER_WINS);
    }

    function testNoGameOpensAgainstAResolvedProposal() public {
        Proposal proposal = proposeView(lieAbout(Lie.STATE, 105, 0, 0), L2_BLOCK);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.prank(GUARDIAN);
        proposal.rule(false);
        proposal.resolve();
        bytes32[] memory hashes = new bytes32[](10);
        vm.expectRevert(
            abi.encodeWithSelector(IBisectionGame.BisectionGame_ProposalResolved.selector, address(proposal))
        );
        vm.prank(CHALLENGER);
        game.open{ value: CHALLENGER_BOND }(address(proposal), hashes);
    }

    function flagged() internal returns (Proposal proposal) {
        proposal = propose(PROPOSER, ROOT, L2_BLOCK, 0);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
    }

    function testAnyoneFlagsWithABondWithinTheWindow() public {
        Proposal proposal = propose(PROPOSER, ROOT, L2_BLOCK, 0);
        vm.startPrank(STRANGER);
        bytes4 wrongBond = IProposal.Proposal_WrongFlagBond.selector;
        vm.expectRevert(abi.encodeWithSelector(wrongBond, FLAG_BOND, 0));
        proposal.flag();
        vm.expectRevert(abi.encodeWithSelector(wrongBond, FLAG_BOND, FLAG_BOND + 1));
        proposal.flag{ value: FLAG_BOND + 1 }();
        vm.warp(proposal.windowClosesAt());
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_WindowClosed.selector, proposal.windowClosesAt()));
        proposal.flag{ value: FLAG_BOND }();
        vm.warp(proposal.windowClosesAt() - 1);
        vm.expectEmit(address(proposal));
        emit IProposal.Flagged(STRANGER, uint64(block.timestamp) + RULING_PERIOD, false);
        proposal.flag{ value: FLAG_BOND }();
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_AlreadyFlagged.selector, STRANGER));
        proposal.flag{ value: FLAG_BOND }();
        vm.stopPrank();
    }

    function testAFlaggedProposalWaitsForTheGuardian() public {
        Proposal proposal = flagged();
        vm.warp(proposal.windowClosesAt());
        // The window of this test is longer than the ruling period, so it lapses.
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.LAPSED);
    }

    function testItDoesNotLapseBeforeTheDeadline() public {
        Proposal proposal = flagged();
        uint256 deadline = proposal.rulingDeadline();
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_AwaitsRuling.selector, deadline));
        proposal.resolve();
        vm.warp(deadline + 1);
        proposal.resolve();
    }

    function testTheGuardianRulesOnceAndInTime() public {
        Proposal proposal = propose(PROPOSER, ROOT, L2_BLOCK, 1);
        vm.prank(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_NotFlagged.selector));
        proposal.rule(true);
        proposal = flagged();
        vm.startPrank(GUARDIAN);
        uint256 deadline = proposal.rulingDeadline();
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_RulingLate.selector, deadline));
        proposal.rule(true);
        vm.warp(deadline);
        proposal.rule(true);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_AlreadyRuled.selector, Ruling.VALID));
        proposal.rule(false);
        vm.stopPrank();
        vm.warp(proposal.windowClosesAt());
        vm.assertTrue(proposal.resolve() == GameStatus.DEFENDER_WINS);
    }

    function testNothingChangesAResolvedProposal() public {
        Proposal proposal = flagged();
        vm.startPrank(GUARDIAN);
        proposal.rule(false);
        proposal.resolve();
        bytes memory reason = abi.encodeWithSelector(IProposal.Proposal_Resolved.selector);
        vm.expectRevert(reason);
        proposal.resolve();
        vm.expectRevert(reason);
        proposal.rule(true);
        vm.expectRevert(reason);
        proposal.flag{ value: FLAG_BOND }();
        vm.stopPrank();
        vm.prank(address(game));
        vm.expectRevert(reason);
        proposal.flagFor(CHALLENGER);
    }

    /// @dev A proof beats a ruling: the guardian cannot save what a game proves false.
    function testAProofBeatsTheGuardian() public {
        View memory lie = lieAbout(Lie.OUTPUT, 105, 1, 42);
        Proposal proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.prank(GUARDIAN);
        proposal.rule(true);
        playOut(gameId, truth, lie, 1);
        game.settle(gameId);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.PROVEN_FALSE);
        // The flag was right after all.
        vm.assertEq(game.credit(STRANGER), FLAG_BOND);
    }
}
