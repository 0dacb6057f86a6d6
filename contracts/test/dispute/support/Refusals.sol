// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Dissections, Segment } from "../../../l1/dispute/Dissections.sol";
import { IBisectionGame, Rung } from "../../../l1/dispute/IBisectionGame.sol";
import { Proposal } from "../../../l1/dispute/Proposal.sol";
import { Lie, View } from "./Claims.sol";
import { Match } from "./Match.sol";
import { Trees } from "./Trees.sol";

/// @title Refusals
/// @notice A game between an honest challenger and a liar, brought to any rung, and moves that it must refuse.
abstract contract Refusals is Match {
    uint256 internal constant L2_BLOCK = 400;

    Proposal internal proposal;
    bytes32 internal gameId;
    View internal lie;
    uint256 private _salt;

    /// @dev Brings the game to the first point on the rung where that side is on turn.
    function playTo(Rung rung, bool challengersTurn) internal {
        playTo(rung, challengersTurn, type(uint256).max);
    }

    /// @dev The same, with a range of at most this width. The log is so long that the proposer cuts it once: all rungs occur.
    function playTo(Rung rung, bool challengersTurn, uint256 width) internal {
        world.program.steps = 5000;
        world.records = 40;
        lie = lieAbout(Lie.OUTPUT, 333, 4, 4242);
        proposal = propose(PROPOSER, claims.rootAt(world, lie, L2_BLOCK), L2_BLOCK, _salt++);
        gameId = openGame(proposal, CHALLENGER, truth);
        for (uint256 moves = 0; moves < 32; moves++) {
            IBisectionGame.GameView memory g = game.game(gameId);
            if (g.rung == rung && g.challengersTurn == challengersTurn && g.hi - g.lo <= width) return;
            pass(1);
            require(act(gameId, g.challengersTurn ? truth : lie), "stuck on the way");
        }
        revert("never got there");
    }

    function playerOnTurn() internal view returns (address) {
        IBisectionGame.GameView memory g = game.game(gameId);
        return g.challengersTurn ? g.challenger : g.proposer;
    }

    /// @dev What the player on turn would answer to: its segment, and the hashes to cut it with.
    function nextCut() internal view returns (Segment memory segment, bytes32[] memory hashes) {
        IBisectionGame.GameView memory g = game.game(gameId);
        View memory v = g.challengersTurn ? truth : lie;
        (, uint256 index) = disagreement(gameId, g.rung, v);
        segment = Trees.segment(_seen[gameId].leaves, index);
        (uint256 lo, uint256 hi) = Dissections.segmentOf(g.lo, g.hi, index);
        hashes = hashesOver(gameId, g.rung, lo, hi, v);
    }

    function refused(address caller, bytes memory data, bytes memory reason) internal {
        refused(caller, 0, data, reason);
    }

    /// @dev The call must revert for this reason and change nothing.
    function refused(address caller, uint256 value, bytes memory data, bytes memory reason) internal {
        bytes32 before = keccak256(abi.encode(game.game(gameId), address(game).balance));
        vm.prank(caller);
        (bool success, bytes memory got) = address(game).call{ value: value }(data);
        vm.assertFalse(success);
        vm.assertEq(got, reason);
        vm.assertEq(keccak256(abi.encode(game.game(gameId), address(game).balance)), before);
    }

    function failure(bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector);
    }

    function failure(bytes4 selector, bytes32 argument) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, argument);
    }

    function failure(bytes4 selector, bytes32 first, bytes32 second) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, first, second);
    }

    function failure(bytes4 selector, uint256 first, uint256 second) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, first, second);
    }

    function failure(bytes4 selector, address first, address second) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, first, second);
    }
}
