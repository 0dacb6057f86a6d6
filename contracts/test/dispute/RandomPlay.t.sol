// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState } from "../../l1/dispute/IBisectionGame.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Lie, View, World } from "./support/Claims.sol";
import { MockProgram } from "./support/MockStepVerifier.sol";
import { RandomMatch } from "./support/RandomMatch.sol";

/// @notice An honest player who answers in time never loses, whatever the other does.
contract RandomPlayTest is RandomMatch {
    uint256 internal constant L2_BLOCK = ANCHOR_BLOCK + 5;

    /// forge-config: default.fuzz.runs = 200
    function testFuzzAnHonestProposerNeverLoses(uint256 seed) public {
        View memory lie = setTheScene(seed);
        Proposal proposal = proposeView(truth, L2_BLOCK);
        if (lie.lie == Lie.NONE) lie.lie = Lie.OUTPUT;
        lie.lieBlock = ANCHOR_BLOCK + 1 + random(5);
        bytes32 gameId = openGame(proposal, CHALLENGER, lie);
        GameState end = playAgainstRandom(gameId, truth, lie, false);
        vm.assertTrue(end == GameState.PROPOSER_WON || end == GameState.ESCALATED);
    }

    /// forge-config: default.fuzz.runs = 200
    function testFuzzAnHonestChallengerNeverLoses(uint256 seed) public {
        View memory lie = setTheScene(seed);
        if (lie.lie == Lie.NONE) lie.lie = Lie.OUTPUT;
        lie.lieBlock = ANCHOR_BLOCK + 1 + random(5);
        Proposal proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        GameState end = playAgainstRandom(gameId, truth, lie, true);
        vm.assertTrue(end == GameState.CHALLENGER_WON || end == GameState.ESCALATED);
    }

    function setTheScene(uint256 seed) internal returns (View memory) {
        seedRandom(seed);
        uint64 steps = uint64(1 + random(80));
        world = World(1 + random(4), MockProgram(steps, 0));
        return randomView();
    }
}
