// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Dissections, Segment } from "../../../l1/dispute/Dissections.sol";
import { GameState, IBisectionGame, Rung } from "../../../l1/dispute/IBisectionGame.sol";
import { InferenceRecord } from "../../../l1/dispute/InferenceRecord.sol";
import { BlockReveal } from "../../../l1/dispute/OutputRoots.sol";
import { Proposal } from "../../../l1/dispute/Proposal.sol";
import { RecordedLog } from "../../support/Test.sol";
import { View } from "./Claims.sol";
import { DisputeTest } from "./DisputeTest.sol";
import { Trees } from "./Trees.sol";

/// @title Match
/// @notice Plays games: what a player with a view of the world does next, knowing of a game only what its events say.
abstract contract Match is DisputeTest {
    /// @dev A game as its events tell it.
    struct Seen {
        bytes32[] leaves;
        uint256 lo;
        uint256 hi;
        uint256 l2Block;
        uint256 recordIndex;
        InferenceRecord record;
    }

    /// @dev Data of the event {IBisectionGame.Dissected}.
    struct DissectedData {
        Rung rung;
        uint256 segment;
        uint256 lo;
        uint256 hi;
        uint256 clock;
        bytes32 start;
        bytes32[] hashes;
    }

    mapping(bytes32 gameId => Seen seen) internal _seen;

    function setUp() public virtual override {
        super.setUp();
        vm.recordLogs();
    }

    function openGame(Proposal proposal, address challenger, View memory v) internal returns (bytes32 gameId) {
        bytes32[] memory hashes =
            hashesOver(0, Rung.ROOTS, proposal.startingBlockNumber(), proposal.l2SequenceNumber(), v);
        vm.prank(challenger);
        gameId = game.open{ value: CHALLENGER_BOND }(address(proposal), hashes);
        follow(gameId);
    }

    /// @dev Plays a game to its end: each side by its own view, at most `thinkingTime` a move. A side without a move lets its clock
    ///      run out.
    function playOut(bytes32 gameId, View memory challenger, View memory proposer, uint256 thinkingTime)
        internal
        returns (GameState)
    {
        for (uint256 moves = 0; moves < 64; moves++) {
            IBisectionGame.GameView memory g = game.game(gameId);
            if (g.state != GameState.RUNNING) return g.state;
            pass(thinkingTime);
            if (!act(gameId, g.challengersTurn ? challenger : proposer)) letTimeRunOut(gameId);
        }
        revert("the game does not end");
    }

    function letTimeRunOut(bytes32 gameId) internal {
        vm.warp(game.deadline(gameId) + 1);
        game.callTime(gameId);
    }

    /// @dev The next move of the side on turn. False where by its own view the opponent is right.
    function act(bytes32 gameId, View memory v) internal returns (bool) {
        IBisectionGame.GameView memory g = game.game(gameId);
        address player = g.challengersTurn ? g.challenger : g.proposer;
        bool moved = true;
        if (g.rung == Rung.LOG_OPENING) answerBlock(gameId, g, player, v);
        else if (g.rung == Rung.TRACE_OPENING) moved = answerRecord(gameId, g, player, v);
        else if (g.rung == Rung.EXECUTION) escalate(gameId, player);
        else if (g.rung == Rung.BLOCK) revealBlock(gameId, g, wholeSegment(gameId), v);
        else if (g.rung == Rung.RECORD) revealRecord(gameId, player, wholeSegment(gameId), _seen[gameId].lo, v);
        else moved = answerDissection(gameId, g, player, v);
        if (moved) follow(gameId);
        return moved;
    }

    function answerDissection(bytes32 gameId, IBisectionGame.GameView memory g, address player, View memory v)
        internal
        returns (bool)
    {
        (bool isFound, uint256 index) = disagreement(gameId, g.rung, v);
        if (!isFound) return false;
        Segment memory segment = Trees.segment(_seen[gameId].leaves, index);
        (uint256 lo, uint256 hi) = Dissections.segmentOf(g.lo, g.hi, index);
        if (hi - lo > 1) cut(gameId, g, segment, hashesOver(gameId, g.rung, lo, hi, v));
        else if (g.rung == Rung.TRACE) return prove(gameId, player, segment, lo, v);
        else if (g.challengersTurn) pick(gameId, segment);
        else if (g.rung == Rung.ROOTS) revealBlock(gameId, g, segment, v);
        else revealRecord(gameId, player, segment, lo, v);
        return true;
    }

    function cut(bytes32 gameId, IBisectionGame.GameView memory g, Segment memory segment, bytes32[] memory hashes)
        internal
    {
        uint256 value = stakeDue(g);
        vm.prank(g.challengersTurn ? g.challenger : g.proposer);
        game.move{ value: value }(gameId, segment, hashes);
    }

    function pick(bytes32 gameId, Segment memory segment) internal {
        address challenger = game.game(gameId).challenger;
        vm.prank(challenger);
        game.pick(gameId, segment);
    }

    /// @dev False where the step does not come out as the view has it: then there is no move.
    function prove(bytes32 gameId, address player, Segment memory segment, uint256 t, View memory v)
        internal
        returns (bool)
    {
        bytes memory witness = claims.witnessAt(world, v, _seen[gameId].record, t);
        vm.prank(player);
        try game.prove(gameId, segment, witness) {
            return true;
        } catch {
            return false;
        }
    }

    function revealBlock(bytes32 gameId, IBisectionGame.GameView memory g, Segment memory segment, View memory v)
        internal
    {
        (, uint256 number) = Dissections.segmentOf(g.lo, g.hi, segment.index);
        uint256 value = stakeDue(g);
        BlockReveal memory reveal = claims.revealOf(world, v, number);
        vm.prank(g.proposer);
        game.revealBlock{ value: value }(gameId, segment, reveal);
    }

    function answerBlock(bytes32 gameId, IBisectionGame.GameView memory g, address player, View memory v) internal {
        uint256 count = claims.recordsOf(world, v, _seen[gameId].l2Block).length;
        uint256 longer = count > g.logCount ? count : g.logCount;
        bytes32[] memory hashes = hashesOver(gameId, Rung.LOG, 0, longer, v);
        if (hashes[hashes.length - 1] == g.subject) return escalate(gameId, player);
        vm.prank(player);
        game.openLog(gameId, count, hashes);
    }

    function revealRecord(bytes32 gameId, address player, Segment memory segment, uint256 index, View memory v)
        internal
    {
        uint256 number = _seen[gameId].l2Block;
        InferenceRecord[] memory records = claims.recordsOf(world, v, number);
        if (index >= records.length) {
            vm.prank(player);
            return game.revealAbsence(gameId, segment);
        }
        bytes32[] memory siblings = claims.siblingsOf(world, v, number, index);
        vm.prank(player);
        game.revealRecord(gameId, segment, records[index], siblings);
    }

    function answerRecord(bytes32 gameId, IBisectionGame.GameView memory, address player, View memory v)
        internal
        returns (bool)
    {
        Seen storage seen = _seen[gameId];
        InferenceRecord[] memory own = claims.recordsOf(world, v, seen.l2Block);
        bool isListed = seen.recordIndex < own.length && own[seen.recordIndex].inputRoot == seen.record.inputRoot;
        if (!isListed) {
            escalate(gameId, player);
            return true;
        }
        if (own[seen.recordIndex].outputRoot == seen.record.outputRoot) return false;
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, world.program.steps, v);
        IBisectionGame.TraceOpening memory opening = traceOpening(gameId);
        vm.prank(player);
        game.openTrace(gameId, seen.record, opening, hashes);
        return true;
    }

    function escalate(bytes32 gameId, address player) internal {
        vm.prank(player);
        game.escalate(gameId);
    }

    function traceOpening(bytes32 gameId) internal view returns (IBisectionGame.TraceOpening memory opening) {
        Seen storage seen = _seen[gameId];
        opening.manifest = verifier.manifestOf(world.program);
        opening.inputTensorRoots = claims.inputsOf(seen.l2Block, seen.recordIndex);
    }

    /// @dev The first segment whose end the view rejects, by halving.
    function disagreement(bytes32 gameId, Rung rung, View memory v)
        internal
        view
        returns (bool isFound, uint256 accepted)
    {
        Seen storage seen = _seen[gameId];
        uint256 rejected = seen.leaves.length - 1;
        if (claimAt(gameId, rung, boundary(seen.lo, seen.hi, rejected), v) == seen.leaves[rejected]) return (false, 0);
        while (rejected - accepted > 1) {
            uint256 middle = (accepted + rejected) / 2;
            bool isTrue = claimAt(gameId, rung, boundary(seen.lo, seen.hi, middle), v) == seen.leaves[middle];
            if (isTrue) accepted = middle;
            else rejected = middle;
        }
        return (true, accepted);
    }

    function hashesOver(bytes32 gameId, Rung rung, uint256 lo, uint256 hi, View memory v)
        internal
        view
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](Dissections.partsOf(lo, hi));
        for (uint256 i = 0; i < hashes.length; i++) {
            hashes[i] = claimAt(gameId, rung, boundary(lo, hi, i + 1), v);
        }
    }

    function claimAt(bytes32 gameId, Rung rung, uint256 position, View memory v) internal view returns (bytes32) {
        if (rung == Rung.ROOTS) return claims.rootAt(world, v, position);
        Seen storage seen = _seen[gameId];
        if (rung == Rung.LOG) return claims.prefixAt(world, v, seen.l2Block, position);
        return claims.stateAt(world, v, seen.record, position);
    }

    /// @dev The one segment of a dissection that the challenger picked.
    function wholeSegment(bytes32 gameId) internal view returns (Segment memory segment) {
        segment.start = _seen[gameId].leaves[0];
        segment.end = _seen[gameId].leaves[1];
    }

    function stakeDue(IBisectionGame.GameView memory g) internal pure returns (uint256) {
        return !g.challengersTurn && !g.isStaked ? STAKE : 0;
    }

    function boundary(uint256 lo, uint256 hi, uint256 leaf) internal pure returns (uint256) {
        return lo + (leaf * (hi - lo)) / Dissections.partsOf(lo, hi);
    }

    /// @dev Takes in what the last move's events say.
    function follow(bytes32 gameId) internal {
        RecordedLog[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; i++) {
            if (logs[i].emitter == address(game) && logs[i].topics.length > 1 && logs[i].topics[1] == gameId) {
                followLog(_seen[gameId], logs[i]);
            }
        }
    }

    function followLog(Seen storage seen, RecordedLog memory log) private {
        if (log.topics[0] == IBisectionGame.Dissected.selector) {
            // The data of an event lacks the offset that a lone dynamic struct has.
            DissectedData memory data = abi.decode(bytes.concat(abi.encode(32), log.data), (DissectedData));
            (seen.lo, seen.hi) = (data.lo, data.hi);
            seen.leaves = Trees.leavesOf(data.start, data.hashes);
        } else if (log.topics[0] == IBisectionGame.BlockRevealed.selector) {
            (seen.l2Block,,,,) = abi.decode(log.data, (uint256, bytes32, bytes32, uint256, uint256));
        } else if (log.topics[0] == IBisectionGame.RecordRevealed.selector) {
            (seen.recordIndex, seen.record,) = abi.decode(log.data, (uint256, InferenceRecord, uint256));
        }
    }
}
