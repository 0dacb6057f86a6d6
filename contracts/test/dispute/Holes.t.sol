// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Segment } from "../../l1/dispute/Dissections.sol";
import { GameState, IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { GameStatus, IDisputeGame } from "../../l1/dispute/IDisputeGame.sol";
import { IInferenceRecordVerifier } from "../../l1/dispute/IInferenceRecordVerifier.sol";
import { IProposal, Outcome } from "../../l1/dispute/IProposal.sol";
import { InferenceRecord } from "../../l1/dispute/InferenceRecord.sol";
import { InferenceRecordVerifier } from "../../l1/dispute/InferenceRecordVerifier.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Lie, View } from "./support/Claims.sol";
import { MockStepVerifier } from "./support/MockStepVerifier.sol";
import { Refusals } from "./support/Refusals.sol";
import { Trees } from "./support/Trees.sol";

/// @notice The holes of earlier systems, each tried on this one.
contract HolesTest is Refusals {
    function testHoleNoTimeout() public {
        playTo(Rung.ROOTS, false);
        vm.warp(game.deadline(gameId) + 1);
        vm.prank(STRANGER);
        game.callTime(gameId);
        vm.assertTrue(game.game(gameId).state == GameState.CHALLENGER_WON);
        game.settle(gameId);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
    }

    function testHoleNoBond() public {
        proposal = proposeView(lieAbout(Lie.OUTPUT, 150, 1, 1), 200);
        bytes32[] memory hashes = hashesOver(0, Rung.ROOTS, ANCHOR_BLOCK, 200, truth);
        bytes memory data = abi.encodeCall(IBisectionGame.open, (address(proposal), hashes));
        bytes4 selector = IBisectionGame.BisectionGame_WrongBond.selector;
        refused(CHALLENGER, 0, data, failure(selector, CHALLENGER_BOND, 0));
        refused(CHALLENGER, CHALLENGER_BOND - 1, data, failure(selector, CHALLENGER_BOND, CHALLENGER_BOND - 1));
        refused(CHALLENGER, CHALLENGER_BOND + 1, data, failure(selector, CHALLENGER_BOND, CHALLENGER_BOND + 1));
    }

    function testHoleResultOverwritableByAnyone() public {
        playTo(Rung.TRACE, false);
        letTimeRunOut(gameId);
        bytes memory reason =
            abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongState.selector, GameState.CHALLENGER_WON);
        refused(STRANGER, abi.encodeCall(IBisectionGame.callTime, (gameId)), reason);
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 0);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.prove, (gameId, segment, "")), reason);
        // Nor by opening the same game anew, before it is settled or after.
        bytes32[] memory hashes = hashesOver(0, Rung.ROOTS, ANCHOR_BLOCK, L2_BLOCK, truth);
        vm.warp(proposal.createdAt());
        bytes memory data = abi.encodeCall(IBisectionGame.open, (address(proposal), hashes));
        reason = failure(IBisectionGame.BisectionGame_GameExists.selector, gameId);
        refused(CHALLENGER, CHALLENGER_BOND, data, reason);
        game.settle(gameId);
        refused(CHALLENGER, CHALLENGER_BOND, data, reason);
        proposal.resolve();
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_Resolved.selector));
        proposal.resolve();
    }

    function testHoleUnequalResultsCheckMissing() public {
        proposal = proposeView(truth, 200);
        bytes32[] memory hashes = hashesOver(0, Rung.ROOTS, ANCHOR_BLOCK, 200, truth);
        bytes memory data = abi.encodeCall(IBisectionGame.open, (address(proposal), hashes));
        bytes memory reason = failure(IBisectionGame.BisectionGame_NothingRejected.selector, proposal.rootClaim());
        refused(CHALLENGER, CHALLENGER_BOND, data, reason);
    }

    /// @dev One challenger who plays badly, or for the proposer, takes nobody else's game away.
    function testHoleASingleDefender() public {
        lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        proposal = proposeView(lie, 200);
        bytes32 sybil = openGame(proposal, STRANGER, View(Lie.OUTPUT, 120, 0, 7, 2));
        bytes32 honest = openGame(proposal, CHALLENGER, truth);
        act(sybil, lie);
        letTimeRunOut(sybil);
        vm.warp(proposal.createdAt());
        vm.assertTrue(playOut(honest, truth, lie, 1) == GameState.CHALLENGER_WON);
        vm.assertTrue(game.game(sybil).state == GameState.PROPOSER_WON);
        game.settle(sybil);
        game.settle(honest);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
    }

    /// @dev Program, start and step of the inner game come from the record that the outer one ended on.
    function testHoleInnerPhaseNotBoundToTheOuterStep() public {
        playTo(Rung.TRACE_OPENING, true);
        // A record that is false as well, but not the one in dispute.
        View memory other = lieAbout(Lie.OUTPUT, 333, 7, 1);
        InferenceRecord memory record = claims.recordsOf(world, other, 333)[7];
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, 5000, truth);
        IBisectionGame.TraceOpening memory opening = traceOpening(gameId);
        opening.inputTensorRoots = claims.inputsOf(333, 7);
        vm.prank(CHALLENGER);
        (bool success, bytes memory got) =
            address(game).call(abi.encodeCall(IBisectionGame.openTrace, (gameId, record, opening, hashes)));
        vm.assertFalse(success);
        vm.assertEq(bytes32(bytes4(got)), bytes32(IBisectionGame.BisectionGame_RecordMismatch.selector));
    }

    function testHoleMissingCallerCheck() public {
        playTo(Rung.ROOTS, false);
        bytes4 unknown = IBisectionGame.BisectionGame_UnknownProposal.selector;
        bytes memory reason = failure(unknown, bytes32(uint256(uint160(STRANGER))));
        refused(STRANGER, abi.encodeCall(IBisectionGame.conclude, ()), reason);
        refused(STRANGER, 1 ether, abi.encodeCall(IBisectionGame.depositFlagBond, ()), reason);
        bytes32[] memory hashes = new bytes32[](1);
        reason = failure(unknown, bytes32(uint256(uint160(address(this)))));
        refused(CHALLENGER, CHALLENGER_BOND, abi.encodeCall(IBisectionGame.open, (address(this), hashes)), reason);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_NotGame.selector, STRANGER));
        proposal.flagFor(STRANGER);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_NotFactory.selector, STRANGER));
        proposal.initialize();
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_NotGuardian.selector, STRANGER));
        proposal.rule(true);
    }

    /// @dev A contract that claims to be a proposal of the factory is not one.
    function testHoleAForgedProposal() public {
        proposal = proposeView(truth, 200);
        ForgedProposal forged = new ForgedProposal(proposal);
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_UnknownProposal.selector, address(forged)));
        forged.registerWith(game);
        vm.prank(address(proposal));
        vm.expectRevert(
            abi.encodeWithSelector(IBisectionGame.BisectionGame_AlreadyRegistered.selector, address(proposal))
        );
        game.register(STRANGER);
    }

    /// @dev A stranger proposes the true root first, and loses to himself: the other's equal proposal stands.
    function testHoleFrontRunTrueRoot() public {
        bytes32 root = claims.rootAt(world, truth, 200);
        vm.prank(GUARDIAN);
        registry.setProposer(STRANGER, true);
        Proposal theirs = propose(STRANGER, root, 200, 0);
        Proposal ours = propose(PROPOSER, root, 200, 0);
        vm.assertTrue(address(theirs) != address(ours));
        lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        gameId = openGame(theirs, STRANGER, lie);
        letTimeRunOut(gameId);
        game.settle(gameId);
        vm.assertTrue(theirs.resolve() == GameStatus.CHALLENGER_WINS);
        pass(WINDOW);
        vm.assertTrue(ours.resolve() == GameStatus.DEFENDER_WINS);
        pass(AIR_GAP + 1);
        vm.assertFalse(registry.isGameClaimValid(theirs));
        vm.assertTrue(registry.isGameClaimValid(ours));
        registry.setAnchorState(ours);
    }

    function testHoleNobodyProposesInAnothersName() public {
        vm.prank(GUARDIAN);
        registry.setProposer(STRANGER, true);
        bytes memory extraData = extraDataOf(200, PROPOSER, 0);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_NotProposer.selector, PROPOSER, STRANGER));
        factory.create{ value: PROPOSAL_BOND }(GAME_TYPE, bytes32("root"), extraData);
    }

    /// @dev A verdict on one proposal says nothing about another with the same root, nor about the same record elsewhere.
    function testHoleReusedVerdict() public {
        lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        proposal = proposeView(lie, 200);
        gameId = openGame(proposal, CHALLENGER, truth);
        playOut(gameId, truth, lie, 1);
        game.settle(gameId);
        proposal.resolve();
        Proposal same = propose(PROPOSER, claims.rootAt(world, lie, 200), 200, 1);
        vm.assertEq(game.standing(address(same)).winningGame, 0);
        vm.expectRevert(abi.encodeWithSelector(IProposal.Proposal_WindowOpen.selector, same.windowClosesAt()));
        same.resolve();
        // The same challenger's game against it is another game, and has to be played.
        bytes32 again = openGame(same, CHALLENGER, truth);
        vm.assertTrue(again != gameId);
        vm.assertTrue(game.game(again).state == GameState.RUNNING);
    }

    /// @dev A mover must reject the end of the segment it takes: with nothing but true hashes there is no game.
    function testHoleAllTrueDissection() public {
        playTo(Rung.TRACE, false);
        // The liar answers the honest dissection with true hashes only.
        Segment memory segment = Trees.segment(_seen[gameId].leaves, 3);
        IBisectionGame.GameView memory g = game.game(gameId);
        uint256 lo = boundary(g.lo, g.hi, 3);
        uint256 hi = boundary(g.lo, g.hi, 4);
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, lo, hi, truth);
        bytes memory data = abi.encodeCall(IBisectionGame.move, (gameId, segment, hashes));
        bytes memory reason = failure(IBisectionGame.BisectionGame_NothingRejected.selector, segment.end);
        refused(PROPOSER, data, reason);
    }

    /// @dev A model whose Program breaks a rule on the way: its trap is a state like any other, and is proven.
    function testHoleTruthMadeUnprovableByAnOversizedProgram() public {
        world.program.trapsAt = 30;
        lie = lieAbout(Lie.OUTPUT, 150, 1, 30);
        proposal = proposeView(lie, 200);
        gameId = openGame(proposal, CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.CHALLENGER_WON);
    }

    /// @dev A silent player loses by time, and that proves nothing about the truth: only that one proposal falls.
    function testHoleSilenceIsNoProof() public {
        proposal = proposeView(truth, 200);
        lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        gameId = openGame(proposal, CHALLENGER, lie);
        letTimeRunOut(gameId);
        game.settle(gameId);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
        Proposal again = propose(PROPOSER, claims.rootAt(world, truth, 200), 200, 1);
        gameId = openGame(again, CHALLENGER, lie);
        vm.assertTrue(playOut(gameId, lie, truth, 1) == GameState.PROPOSER_WON);
        game.settle(gameId);
        pass(WINDOW);
        vm.assertTrue(again.resolve() == GameStatus.DEFENDER_WINS);
    }

    /// @dev Nothing on L1 acts on an output before it is final.
    function testHoleCallbackActingOnUnfinalisedOutput() public {
        InferenceRecordVerifier recordVerifier = new InferenceRecordVerifier(registry);
        proposal = proposeView(truth, 200);
        IInferenceRecordVerifier.RecordLocation memory location;
        location.blockNumber = 200;
        location.recordIndex = 1;
        location.recordSiblings = claims.siblingsOf(world, truth, 200, 1);
        InferenceRecord memory record = claims.recordsOf(world, truth, 200)[1];
        bytes memory call = abi.encodeCall(
            IInferenceRecordVerifier.requireRecord, (proposal, claims.revealOf(world, truth, 200), location, record)
        );
        bytes memory reason = abi.encodeWithSelector(
            IInferenceRecordVerifier.InferenceRecordVerifier_NotFinal.selector, IDisputeGame(address(proposal))
        );
        requireFailure(address(recordVerifier), call, reason);
        pass(WINDOW);
        requireFailure(address(recordVerifier), call, reason);
        proposal.resolve();
        requireFailure(address(recordVerifier), call, reason);
        pass(AIR_GAP);
        requireFailure(address(recordVerifier), call, reason);
        pass(1);
        (bool success,) = address(recordVerifier).call(call);
        vm.assertTrue(success);
    }

    function requireFailure(address target, bytes memory data, bytes memory reason) internal {
        (bool success, bytes memory got) = target.call(data);
        vm.assertFalse(success);
        vm.assertEq(got, reason);
    }

    /// @dev Positions of any width count in full: none is cut off to a narrower word on the way.
    function testHoleUnmaskedShift() public {
        world.program.steps = type(uint40).max;
        lie = lieAbout(Lie.OUTPUT, 150, 1, 987_654_321_012);
        proposal = proposeView(lie, 200);
        gameId = openGame(proposal, CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.CHALLENGER_WON);
        // One step more does not fit, and is refused rather than wrapped around.
        world.program.steps = uint64(type(uint40).max) + 1;
        proposal = propose(PROPOSER, claims.rootAt(world, lie, 200), 200, 1);
        gameId = openGame(proposal, CHALLENGER, truth);
        while (game.game(gameId).rung != Rung.TRACE_OPENING) {
            act(gameId, game.game(gameId).challengersTurn ? truth : lie);
        }
        bytes32[] memory hashes = new bytes32[](32);
        bytes memory data =
            abi.encodeCall(IBisectionGame.openTrace, (gameId, _seen[gameId].record, traceOpening(gameId), hashes));
        bytes memory reason = failure(IBisectionGame.BisectionGame_TraceLength.selector, bytes32(uint256(1 << 40)));
        refused(CHALLENGER, data, reason);
    }

    /// @dev After a reorg of L1 no other proposal has the address that moves were signed for.
    function testHoleAReorgPutsAnotherProposalInPlace() public {
        bytes32 root = claims.rootAt(world, truth, 200);
        vm.setBlockhash(block.number - 1, keccak256("before the reorg"));
        uint256 state = vm.snapshotState();
        address before = address(propose(PROPOSER, root, 200, 0));
        vm.revertToState(state);
        vm.assertEq(address(propose(PROPOSER, root, 200, 0)), before);
        vm.revertToState(state);
        vm.setBlockhash(block.number - 1, keccak256("after the reorg"));
        vm.assertTrue(address(propose(PROPOSER, root, 200, 0)) != before);
    }
}

/// @dev Answers like a proposal that exists.
contract ForgedProposal {
    Proposal private immutable _original;

    constructor(Proposal original) {
        _original = original;
    }

    function registerWith(IBisectionGame game) external {
        game.register(msg.sender);
    }

    function gameType() external view returns (uint32) {
        return _original.gameType();
    }

    function rootClaim() external view returns (bytes32) {
        return _original.rootClaim();
    }

    function extraData() external view returns (bytes memory) {
        return _original.extraData();
    }
}
