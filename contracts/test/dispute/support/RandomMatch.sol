// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Dissections, Segment } from "../../../l1/dispute/Dissections.sol";
import { GameState, IBisectionGame, Rung } from "../../../l1/dispute/IBisectionGame.sol";
import { Lie, View } from "./Claims.sol";
import { Match } from "./Match.sol";
import { Trees } from "./Trees.sol";

/// @title RandomMatch
/// @notice A player without a plan: well-formed moves about random segments with hashes that are true, false or noise.
abstract contract RandomMatch is Match {
    uint256 private _entropy;

    function seedRandom(uint256 seed) internal {
        _entropy = seed;
    }

    /// @dev A number below `limit`.
    function random(uint256 limit) internal returns (uint256) {
        _entropy = uint256(keccak256(abi.encode(_entropy)));
        return _entropy % limit;
    }

    function randomView() internal returns (View memory) {
        Lie lie = Lie(random(5));
        uint256 lieBlock = ANCHOR_BLOCK + 1 + random(6);
        return View(lie, lieBlock, random(world.records), 1 + random(world.program.steps), random(3));
    }

    /// @dev Plays a game to its end, one side by its view, the other by another's or at random, from move to move.
    function playAgainstRandom(bytes32 gameId, View memory honest, View memory lie, bool challengerIsHonest)
        internal
        returns (GameState)
    {
        for (uint256 moves = 0; moves < 64; moves++) {
            IBisectionGame.GameView memory g = game.game(gameId);
            if (g.state != GameState.RUNNING) return g.state;
            pass(random(20));
            bool isHonest = g.challengersTurn == challengerIsHonest;
            if (isHonest ? !act(gameId, honest) : !actSomehow(gameId, lie)) letTimeRunOut(gameId);
        }
        revert("the game does not end");
    }

    function actSomehow(bytes32 gameId, View memory lie) internal returns (bool) {
        if (random(4) == 0) return actAtRandom(gameId);
        // A liar who does not stick to his lie soon finds no move that fits it.
        try this.actFromOutside(gameId, lie) returns (bool moved) {
            return moved || actAtRandom(gameId);
        } catch {
            return actAtRandom(gameId);
        }
    }

    function actFromOutside(bytes32 gameId, View memory v) external returns (bool) {
        return act(gameId, v);
    }

    /// @dev Tries a few random moves; false where none of them is accepted, or out of sloth.
    function actAtRandom(bytes32 gameId) internal returns (bool) {
        if (random(20) == 0) return false;
        for (uint256 tries = 0; tries < 4; tries++) {
            if (tryAtRandom(gameId)) {
                follow(gameId);
                return true;
            }
        }
        return false;
    }

    function tryAtRandom(bytes32 gameId) private returns (bool) {
        IBisectionGame.GameView memory g = game.game(gameId);
        address player = g.challengersTurn ? g.challenger : g.proposer;
        if (g.challengersTurn && random(12) == 0) {
            return attempt(player, 0, abi.encodeCall(IBisectionGame.escalate, (gameId)));
        }
        if (g.rung == Rung.LOG_OPENING) return tryLog(gameId, g, player);
        if (g.rung == Rung.TRACE_OPENING) return tryTrace(gameId, player);
        uint256 index = random(Dissections.partsOf(g.lo, g.hi));
        Segment memory segment = Trees.segment(_seen[gameId].leaves, index);
        (uint256 lo, uint256 hi) = Dissections.segmentOf(g.lo, g.hi, index);
        if (hi - lo > 1) {
            bytes32[] memory hashes = randomHashes(gameId, g.rung, lo, hi);
            return attempt(player, stakeDue(g), abi.encodeCall(IBisectionGame.move, (gameId, segment, hashes)));
        }
        if (g.rung == Rung.TRACE) return tryProof(gameId, player, segment, lo);
        if (g.challengersTurn) return attempt(player, 0, abi.encodeCall(IBisectionGame.pick, (gameId, segment)));
        return tryReveal(gameId, g, segment, lo);
    }

    function tryLog(bytes32 gameId, IBisectionGame.GameView memory g, address player) private returns (bool) {
        uint256 count = random(6);
        uint256 longer = count > g.logCount ? count : g.logCount;
        if (longer == 0) return false;
        bytes32[] memory hashes = randomHashes(gameId, Rung.LOG, 0, longer);
        return attempt(player, 0, abi.encodeCall(IBisectionGame.openLog, (gameId, count, hashes)));
    }

    function tryTrace(bytes32 gameId, address player) private returns (bool) {
        bytes32[] memory hashes = randomHashes(gameId, Rung.TRACE, 0, world.program.steps);
        bytes memory data =
            abi.encodeCall(IBisectionGame.openTrace, (gameId, _seen[gameId].record, traceOpening(gameId), hashes));
        return attempt(player, 0, data);
    }

    function tryProof(bytes32 gameId, address player, Segment memory segment, uint256 t) private returns (bool) {
        bytes memory witness = claims.witnessAt(world, randomView(), _seen[gameId].record, t);
        return attempt(player, 0, abi.encodeCall(IBisectionGame.prove, (gameId, segment, witness)));
    }

    function tryReveal(bytes32 gameId, IBisectionGame.GameView memory g, Segment memory segment, uint256 lo)
        private
        returns (bool)
    {
        if (g.rung == Rung.BLOCK || g.rung == Rung.RECORD) segment = wholeSegment(gameId);
        View memory v = randomView();
        if (g.rung == Rung.ROOTS || g.rung == Rung.BLOCK) {
            if (random(2) == 0) v.lieBlock = lo + 1;
            bytes memory reveal =
                abi.encodeCall(IBisectionGame.revealBlock, (gameId, segment, claims.revealOf(world, v, lo + 1)));
            return attempt(g.proposer, stakeDue(g), reveal);
        }
        v.lieBlock = _seen[gameId].l2Block;
        if (random(4) == 0) {
            return attempt(g.proposer, 0, abi.encodeCall(IBisectionGame.revealAbsence, (gameId, segment)));
        }
        if (lo >= claims.recordsOf(world, v, v.lieBlock).length) return false;
        bytes memory data = abi.encodeCall(
            IBisectionGame.revealRecord,
            (gameId, segment, claims.recordsOf(world, v, v.lieBlock)[lo], claims.siblingsOf(world, v, v.lieBlock, lo))
        );
        return attempt(g.proposer, 0, data);
    }

    /// @dev Hashes of which each is somebody's claim or noise.
    function randomHashes(bytes32 gameId, Rung rung, uint256 lo, uint256 hi)
        internal
        returns (bytes32[] memory hashes)
    {
        hashes = new bytes32[](Dissections.partsOf(lo, hi));
        View memory lie = randomView();
        for (uint256 i = 0; i < hashes.length; i++) {
            uint256 kind = random(3);
            if (kind == 0) hashes[i] = bytes32(random(type(uint256).max));
            else hashes[i] = claimAt(gameId, rung, boundary(lo, hi, i + 1), kind == 1 ? truth : lie);
        }
    }

    function attempt(address player, uint256 value, bytes memory data) private returns (bool success) {
        vm.prank(player);
        (success,) = address(game).call{ value: value }(data);
    }
}
