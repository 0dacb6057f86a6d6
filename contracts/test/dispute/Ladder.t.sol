// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState } from "../../l1/dispute/IBisectionGame.sol";
import { GameStatus } from "../../l1/dispute/IDisputeGame.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Lie, View } from "./support/Claims.sol";
import { Match } from "./support/Match.sol";

/// @notice Whole disputes, from output roots to the last step.
contract LadderTest is Match {
    uint256 internal constant L2_BLOCK = 200;

    function testAFalseOutputFalls() public {
        View memory lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        Proposal proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        vm.assertTrue(playOut(gameId, truth, lie, 1) == GameState.CHALLENGER_WON);
        game.settle(gameId);
        vm.assertTrue(proposal.resolve() == GameStatus.CHALLENGER_WINS);
    }

    function testATrueOutputStands() public {
        View memory lie = lieAbout(Lie.OUTPUT, 150, 1, 42);
        Proposal proposal = proposeView(truth, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, lie);
        vm.assertTrue(playOut(gameId, lie, truth, 1) == GameState.PROPOSER_WON);
        game.settle(gameId);
        pass(WINDOW);
        vm.assertTrue(proposal.resolve() == GameStatus.DEFENDER_WINS);
    }
}
