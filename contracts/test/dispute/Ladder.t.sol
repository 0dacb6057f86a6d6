// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState, IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { GameStatus } from "../../l1/dispute/IDisputeGame.sol";
import { Outcome } from "../../l1/dispute/IProposal.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Lie, View, World } from "./support/Claims.sol";
import { Match } from "./support/Match.sol";
import { MockProgram } from "./support/MockStepVerifier.sol";

/// @notice Whole disputes, from output roots to their end.
contract LadderTest is Match {
    uint256 internal constant L2_BLOCK = 200;

    function settleAndResolve(bytes32 gameId, Proposal proposal) internal returns (GameStatus) {
        game.settle(gameId);
        if (block.timestamp < proposal.windowClosesAt()) vm.warp(proposal.windowClosesAt());
        return proposal.resolve();
    }

    /// forge-config: default.fuzz.runs = 50
    function testFuzzAFalseOutputFalls(uint256 lieBlock, uint256 record, uint256 step, uint256 seconds_) public {
        View memory lie = anyFalseOutput(lieBlock, record, step);
        Proposal proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, bound(seconds_, 0, 100)) == GameState.CHALLENGER_WON);
        vm.assertTrue(settleAndResolve(gameId, proposal) == GameStatus.CHALLENGER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.PROVEN_FALSE);
    }

    /// forge-config: default.fuzz.runs = 50
    function testFuzzATrueOutputStands(uint256 lieBlock, uint256 record, uint256 step, uint256 seconds_) public {
        View memory lie = anyFalseOutput(lieBlock, record, step);
        Proposal proposal = proposeView(truth, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, lie);
        vm.assertTrue(playOut(gameId, lie, truth, bound(seconds_, 0, 100)) == GameState.PROPOSER_WON);
        vm.assertTrue(settleAndResolve(gameId, proposal) == GameStatus.DEFENDER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.UPHELD);
    }

    function anyFalseOutput(uint256 lieBlock, uint256 record, uint256 step) internal returns (View memory) {
        world = World(5, MockProgram(1000, 0));
        return lieAbout(Lie.OUTPUT, bound(lieBlock, 101, L2_BLOCK), bound(record, 0, 4), bound(step, 1, 1000));
    }

    /// @dev Two liars: somebody wins, and nothing else happens.
    /// forge-config: default.fuzz.runs = 50
    function testFuzzLiarsAmongThemselves(uint256 one, uint256 other) public {
        world = World(2, MockProgram(50, 0));
        View memory first = View(Lie.OUTPUT, bound(one, 101, L2_BLOCK), one % 2, 1 + one % 50, 1);
        View memory second = View(Lie.OUTPUT, bound(other, 101, L2_BLOCK), other % 2, 1 + other % 50, 2);
        bytes32 gameId = openGame(proposeView(first, L2_BLOCK), CHALLENGER, second);
        GameState end = playOut(gameId, second, first, 1);
        vm.assertTrue(end == GameState.CHALLENGER_WON || end == GameState.PROPOSER_WON || end == GameState.ESCALATED);
    }

    /// @dev Plays until the difference turns out to be about execution.
    function escalated(Lie kind) internal returns (Proposal proposal, bytes32 gameId) {
        View memory lie = lieAbout(kind, 150, 0, 0);
        proposal = proposeView(lie, L2_BLOCK);
        gameId = openGame(proposal, CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.ESCALATED);
        vm.assertEq(proposal.flagger(), CHALLENGER);
    }

    function testAMissingRecordIsUpToTheGuardian() public {
        (Proposal proposal, bytes32 gameId) = escalated(Lie.RECORD_MISSING);
        vm.assertTrue(game.game(gameId).rung == Rung.EXECUTION);
        vm.prank(GUARDIAN);
        proposal.rule(false);
        vm.assertTrue(settleAndResolve(gameId, proposal) == GameStatus.CHALLENGER_WINS);
    }

    function testAnExtraRecordIsUpToTheGuardian() public {
        (Proposal proposal, bytes32 gameId) = escalated(Lie.RECORD_EXTRA);
        vm.assertTrue(game.game(gameId).rung == Rung.TRACE_OPENING);
        vm.prank(GUARDIAN);
        proposal.rule(false);
        vm.assertTrue(settleAndResolve(gameId, proposal) == GameStatus.CHALLENGER_WINS);
    }

    function testAWrongStateIsUpToTheGuardian() public {
        (Proposal proposal, bytes32 gameId) = escalated(Lie.STATE);
        vm.assertTrue(game.game(gameId).rung == Rung.LOG_OPENING);
        vm.prank(GUARDIAN);
        proposal.rule(false);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.RULED_FALSE);
        game.settle(gameId);
    }

    function testAnEscalatedGameIsLostWhereTheGuardianUpholds() public {
        (Proposal proposal, bytes32 gameId) = escalated(Lie.STATE);
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_AwaitsRuling.selector));
        game.settle(gameId);
        vm.prank(GUARDIAN);
        proposal.rule(true);
        vm.assertTrue(settleAndResolve(gameId, proposal) == GameStatus.DEFENDER_WINS);
        vm.assertEq(game.credit(CHALLENGER), 0);
    }

    function testWithoutARulingItLapsesAndNobodyLoses() public {
        (Proposal proposal, bytes32 gameId) = escalated(Lie.RECORD_MISSING);
        vm.warp(proposal.rulingDeadline() + 1);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
        vm.assertTrue(proposal.outcome() == Outcome.LAPSED);
        game.settle(gameId);
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND);
        vm.assertEq(game.credit(PROPOSER), PROPOSAL_BOND + STAKE);
    }

    /// @dev Silence at every point of a dispute: whoever owes the next move loses on time.
    function testSilenceLosesAtEveryPoint() public {
        View memory lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        for (uint256 silentFrom = 0; silentFrom < 12; silentFrom++) {
            Proposal proposal = propose(PROPOSER, claims.rootAt(world, lie, L2_BLOCK), L2_BLOCK, silentFrom);
            bytes32 gameId = openGame(proposal, CHALLENGER, truth);
            for (uint256 moves = 0; moves < silentFrom; moves++) {
                pass(1);
                act(gameId, game.game(gameId).challengersTurn ? truth : lie);
            }
            IBisectionGame.GameView memory g = game.game(gameId);
            if (g.state != GameState.RUNNING) return;
            uint256 deadline = game.deadline(gameId);
            vm.warp(deadline);
            vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_ClockRunning.selector, deadline));
            game.callTime(gameId);
            vm.warp(deadline + 1);
            game.callTime(gameId);
            GameState expected = g.challengersTurn ? GameState.PROPOSER_WON : GameState.CHALLENGER_WON;
            vm.assertTrue(game.game(gameId).state == expected);
        }
        revert("the dispute takes more moves than were tried");
    }

    /// @dev However long the players take within their clocks, a game opened at the last moment is over after two clocks.
    /// forge-config: default.fuzz.runs = 50
    function testFuzzAGameEndsWithinItsClocks(uint256 thinkingTime) public {
        View memory lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        Proposal proposal = proposeView(lie, L2_BLOCK);
        vm.warp(proposal.windowClosesAt() - 1);
        uint256 openedAt = block.timestamp;
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        thinkingTime = bound(thinkingTime, 0, CLOCK);
        for (uint256 moves = 0; game.game(gameId).state == GameState.RUNNING; moves++) {
            uint256 left = game.deadline(gameId) - block.timestamp;
            pass(thinkingTime < left ? thinkingTime : left);
            bool isStuck = !act(gameId, game.game(gameId).challengersTurn ? truth : lie);
            if (isStuck) letTimeRunOut(gameId);
        }
        vm.assertTrue(block.timestamp <= openedAt + 2 * uint256(CLOCK) + 1);
    }
}
