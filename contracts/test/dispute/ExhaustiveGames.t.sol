// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState } from "../../l1/dispute/IBisectionGame.sol";
import { Lie, View, World } from "./support/Claims.sol";
import { Match } from "./support/Match.sol";
import { MockProgram } from "./support/MockStepVerifier.sol";

/// @notice A lie at every possible place, by either side: the honest side always wins.
contract ExhaustiveGamesTest is Match {
    uint256 private _salt;

    /// @dev Called from outside, so that each pair of games starts with fresh memory.
    function requireHonestWins(View memory lie, uint256 l2Block) external {
        bytes32 root = claims.rootAt(world, lie, l2Block);
        bytes32 gameId = openGame(propose(PROPOSER, root, l2Block, _salt++), CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.CHALLENGER_WON);
        root = claims.rootAt(world, truth, l2Block);
        gameId = openGame(propose(PROPOSER, root, l2Block, _salt++), CHALLENGER, lie);
        vm.assertTrue(playOut(gameId, lie, truth, 1) == GameState.PROPOSER_WON);
    }

    function requireEveryStep(uint64 steps) internal {
        world = World(1, MockProgram(steps, 0));
        for (uint256 step = 1; step <= steps; step++) {
            this.requireHonestWins(lieAbout(Lie.OUTPUT, ANCHOR_BLOCK + 1, 0, step), ANCHOR_BLOCK + 1);
        }
    }

    /// @dev Widths around the number of parts and its multiples, where a dissection changes its shape.
    function testEveryStepOfSmallTraces() public {
        uint64[9] memory widths = [uint64(1), 2, 3, 4, 5, 31, 32, 33, 34];
        for (uint256 i = 0; i < widths.length; i++) {
            requireEveryStep(widths[i]);
        }
    }

    function testEveryStepWhereOneMoveJustSuffices() public {
        requireEveryStep(64);
    }

    function testEveryStepWhereTwoMovesAreNeeded() public {
        requireEveryStep(97);
    }

    /// @dev A trace that ends in a trap: the true output is none, and a claimed one is refuted.
    function testEveryStepOfATraceThatTraps() public {
        for (uint64 trapsAt = 1; trapsAt <= 40; trapsAt++) {
            world = World(1, MockProgram(40, trapsAt));
            View memory lie = lieAbout(Lie.OUTPUT, ANCHOR_BLOCK + 1, 0, trapsAt);
            bytes32 root = claims.rootAt(world, lie, ANCHOR_BLOCK + 1);
            bytes32 gameId = openGame(propose(PROPOSER, root, ANCHOR_BLOCK + 1, _salt++), CHALLENGER, truth);
            vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.CHALLENGER_WON);
        }
    }

    function testEveryRecordOfSmallLogs() public {
        for (uint256 length = 1; length <= 9; length++) {
            for (uint256 index = 0; index < length; index++) {
                requireRecord(length, index);
            }
        }
    }

    function testRecordsOfALogOfTwoMoves() public {
        uint256[6] memory indices = [uint256(0), 1, 15, 16, 31, 33];
        for (uint256 i = 0; i < indices.length; i++) {
            requireRecord(34, indices[i]);
        }
    }

    function requireRecord(uint256 length, uint256 index) internal {
        world = World(length, MockProgram(2, 0));
        this.requireHonestWins(lieAbout(Lie.OUTPUT, ANCHOR_BLOCK + 1, index, 1), ANCHOR_BLOCK + 1);
    }

    function testEveryBlockOfARange() public {
        world = World(1, MockProgram(2, 0));
        uint256[4] memory widths = [uint256(1), 2, 32, 40];
        for (uint256 i = 0; i < widths.length; i++) {
            for (uint256 place = 1; place <= widths[i]; place++) {
                this.requireHonestWins(lieAbout(Lie.OUTPUT, ANCHOR_BLOCK + place, 0, 2), ANCHOR_BLOCK + widths[i]);
            }
        }
    }
}
