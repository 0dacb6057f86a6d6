// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Dissections, Segment } from "../../l1/dispute/Dissections.sol";
import { GameState, IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { Refusals } from "./support/Refusals.sol";

/// @notice Turns, clocks, stakes and dissections: what a move must not do, on any rung.
contract MovesTest is Refusals {
    function moveData(Segment memory segment, bytes32[] memory hashes) internal view returns (bytes memory) {
        return abi.encodeCall(IBisectionGame.move, (gameId, segment, hashes));
    }

    function testOnlyThePlayerOnTurnMoves() public {
        playTo(Rung.ROOTS, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes4 selector = IBisectionGame.BisectionGame_NotOnTurn.selector;
        refused(CHALLENGER, moveData(segment, hashes), failure(selector, PROPOSER, CHALLENGER));
        refused(STRANGER, moveData(segment, hashes), failure(selector, PROPOSER, STRANGER));
        act(gameId, lie);
        (segment, hashes) = nextCut();
        refused(PROPOSER, moveData(segment, hashes), failure(selector, CHALLENGER, PROPOSER));
    }

    function testAMoveIsNotReplayed() public {
        playTo(Rung.ROOTS, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        act(gameId, lie);
        bytes memory reason = failure(IBisectionGame.BisectionGame_NotOnTurn.selector, CHALLENGER, PROPOSER);
        refused(PROPOSER, STAKE, moveData(segment, hashes), reason);
        // Neither is it later, when the proposer is on turn again: the dissection is another.
        playOn(2);
        (bool success,) = attemptMove(segment, hashes);
        vm.assertFalse(success);
    }

    function playOn(uint256 moves) internal {
        for (uint256 i = 0; i < moves; i++) {
            act(gameId, game.game(gameId).challengersTurn ? truth : lie);
        }
    }

    function attemptMove(Segment memory segment, bytes32[] memory hashes) internal returns (bool, bytes memory) {
        vm.prank(playerOnTurn());
        return address(game).call(moveData(segment, hashes));
    }

    function testNoMoveIsMadeLate() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        uint256 deadline = game.deadline(gameId);
        vm.warp(deadline + 1);
        bytes memory reason = failure(IBisectionGame.BisectionGame_ClockExpired.selector, bytes32(deadline));
        refused(CHALLENGER, moveData(segment, hashes), reason);
        vm.warp(deadline);
        vm.prank(CHALLENGER);
        game.move(gameId, segment, hashes);
    }

    function testNothingHappensInAGameThatIsOver() public {
        playTo(Rung.TRACE, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        letTimeRunOut(gameId);
        bytes memory reason =
            abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongState.selector, GameState.CHALLENGER_WON);
        refused(PROPOSER, moveData(segment, hashes), reason);
        refused(STRANGER, abi.encodeCall(IBisectionGame.callTime, (gameId)), reason);
        game.settle(gameId);
        reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongState.selector, GameState.SETTLED);
        refused(STRANGER, abi.encodeCall(IBisectionGame.settle, (gameId)), reason);
        refused(STRANGER, abi.encodeCall(IBisectionGame.callTime, (gameId)), reason);
    }

    function testAnUnknownGame() public {
        playTo(Rung.ROOTS, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes32 other = game.gameIdOf(address(proposal), STRANGER, hashes[0]);
        bytes memory reason = failure(IBisectionGame.BisectionGame_UnknownGame.selector, other);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.move, (other, segment, hashes)), reason);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.callTime, (other)), reason);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.escalate, (other)), reason);
        reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongState.selector, GameState.NONE);
        refused(PROPOSER, abi.encodeCall(IBisectionGame.settle, (other)), reason);
        vm.assertEq(game.game(other).proposal, address(0));
        vm.assertEq(game.deadline(other), 0);
    }

    function testTheProposersFirstAnswerCarriesItsStake() public {
        playTo(Rung.ROOTS, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes4 selector = IBisectionGame.BisectionGame_WrongBond.selector;
        refused(PROPOSER, moveData(segment, hashes), failure(selector, STAKE, 0));
        refused(PROPOSER, STAKE - 1, moveData(segment, hashes), failure(selector, STAKE, STAKE - 1));
        refused(PROPOSER, STAKE + 1, moveData(segment, hashes), failure(selector, STAKE, STAKE + 1));
        act(gameId, lie);
        (segment, hashes) = nextCut();
        refused(CHALLENGER, 1, moveData(segment, hashes), failure(selector, 0, 1));
        playTo(Rung.LOG_OPENING, true);
        vm.assertTrue(game.game(gameId).isStaked);
    }

    function testTheStakeIsPaidOnce() public {
        playTo(Rung.TRACE, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes memory reason = failure(IBisectionGame.BisectionGame_WrongBond.selector, 0, STAKE);
        refused(PROPOSER, STAKE, moveData(segment, hashes), reason);
    }

    function testADissectionThatAcceptsEverythingIsRefused() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        hashes[hashes.length - 1] = segment.end;
        bytes memory reason = failure(IBisectionGame.BisectionGame_NothingRejected.selector, segment.end);
        refused(CHALLENGER, moveData(segment, hashes), reason);
    }

    function testASegmentIsTheOpponentsOwn() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes32 root = game.game(gameId).dissection;
        segment.start = keccak256("another start");
        (bool success, bytes memory got) = attemptMove(segment, hashes);
        vm.assertFalse(success);
        vm.assertEq(bytes32(bytes4(got)), bytes32(Dissections.Dissections_SegmentNotProven.selector));
        vm.assertEq(game.game(gameId).dissection, root);
    }

    function testSegmentBoundariesAreTheGames() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        segment.index = 32;
        bytes memory reason = failure(Dissections.Dissections_SegmentIndex.selector, 32, 32);
        refused(CHALLENGER, moveData(segment, hashes), reason);
        segment.index = type(uint256).max;
        reason = failure(Dissections.Dissections_SegmentIndex.selector, type(uint256).max, 32);
        refused(CHALLENGER, moveData(segment, hashes), reason);
    }

    function testADissectionIsAsFineAsItCanBe() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes32[] memory fewer = new bytes32[](hashes.length - 1);
        bytes4 selector = Dissections.Dissections_PartCount.selector;
        refused(CHALLENGER, moveData(segment, fewer), failure(selector, hashes.length, hashes.length - 1));
        refused(CHALLENGER, moveData(segment, new bytes32[](0)), failure(selector, hashes.length, 0));
    }

    function testAStepIsProvenAndNotDissected() public {
        playTo(Rung.TRACE, false, 32);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        bytes memory reason = failure(IBisectionGame.BisectionGame_SegmentTooNarrow.selector, bytes32(uint256(1)));
        refused(PROPOSER, moveData(segment, hashes), reason);
    }

    function testARangeIsDissectedBeforeAnythingIsShown() public {
        playTo(Rung.TRACE, true);
        (Segment memory segment,) = nextCut();
        (uint256 lo, uint256 hi) = Dissections.segmentOf(_seen[gameId].lo, _seen[gameId].hi, segment.index);
        bytes memory reason = failure(IBisectionGame.BisectionGame_SegmentTooWide.selector, bytes32(hi - lo));
        refused(CHALLENGER, abi.encodeCall(IBisectionGame.prove, (gameId, segment, "")), reason);
    }

    function testABlockIsFoundBeforeItIsRevealed() public {
        playTo(Rung.ROOTS, false);
        (Segment memory segment,) = nextCut();
        (uint256 lo, uint256 hi) = Dissections.segmentOf(_seen[gameId].lo, _seen[gameId].hi, segment.index);
        bytes memory reason = failure(IBisectionGame.BisectionGame_SegmentTooWide.selector, bytes32(hi - lo));
        bytes memory data =
            abi.encodeCall(IBisectionGame.revealBlock, (gameId, segment, claims.revealOf(world, lie, hi)));
        refused(PROPOSER, STAKE, data, reason);
    }

    /// @dev Every move is refused on every rung that it is not made on.
    function testMovesBelongToTheirRungs() public {
        Rung[4] memory rungs = [Rung.BLOCK, Rung.LOG_OPENING, Rung.RECORD, Rung.TRACE_OPENING];
        for (uint256 i = 0; i < rungs.length; i++) {
            playTo(rungs[i], rungs[i] == Rung.LOG_OPENING || rungs[i] == Rung.TRACE_OPENING);
            requireOnlyOwnMoves(rungs[i]);
        }
    }

    function requireOnlyOwnMoves(Rung rung) internal {
        bytes memory reason = abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongRung.selector, rung);
        address player = playerOnTurn();
        Segment memory segment;
        refused(player, moveData(segment, new bytes32[](1)), reason);
        refused(player, abi.encodeCall(IBisectionGame.prove, (gameId, segment, "")), reason);
        refused(player, abi.encodeCall(IBisectionGame.pick, (gameId, segment)), reason);
        if (rung != Rung.LOG_OPENING) {
            refused(player, abi.encodeCall(IBisectionGame.openLog, (gameId, 1, new bytes32[](1))), reason);
        }
        if (rung != Rung.RECORD) {
            refused(player, abi.encodeCall(IBisectionGame.revealAbsence, (gameId, segment)), reason);
        }
    }
}
