// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Segment } from "../../l1/dispute/Dissections.sol";
import { IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { InferenceRecord } from "../../l1/dispute/InferenceRecord.sol";
import { Lie } from "./support/Claims.sol";
import { Refusals } from "./support/Refusals.sol";

/// @notice What the moves of a dispute cost as transactions: at the price of their execution, and at the floor price of their call data
///         (EIP-7623), whichever is higher. Isolated, so that each call finds cold storage.
contract DisputeGasTest is Refusals {
    event Cost(string what, uint256 gas, uint256 floor, uint256 callDataBytes);

    /// @dev Makes the call and returns its price as a transaction.
    function spend(string memory what, address caller, uint256 value, bytes memory data) internal returns (uint256) {
        vm.prank(caller);
        (bool success,) = address(game).call{ value: value }(data);
        uint256 used = vm.lastCallGas().gasTotalUsed;
        vm.assertTrue(success);
        uint256 floor = 21_000 + 10 * tokensOf(data);
        emit Cost(what, used, floor, data.length);
        return used > floor ? used : floor;
    }

    /// @dev A zero byte is one token, any other byte four.
    function tokensOf(bytes memory data) internal pure returns (uint256 tokens) {
        for (uint256 i = 0; i < data.length; i++) {
            tokens += data[i] == 0 ? 1 : 4;
        }
    }

    /// forge-config: default.isolate = true
    function testAMove() public {
        playTo(Rung.TRACE, false);
        (Segment memory segment, bytes32[] memory hashes) = nextCut();
        uint256 gas_ = spend("move", PROPOSER, 0, abi.encodeCall(IBisectionGame.move, (gameId, segment, hashes)));
        vm.assertTrue(gas_ <= 90_000);
    }

    /// forge-config: default.isolate = true
    function testOpeningAGame() public {
        lie = lieAbout(Lie.OUTPUT, 333, 1, 42);
        proposal = proposeView(lie, L2_BLOCK);
        bytes32[] memory hashes = hashesOver(0, Rung.ROOTS, ANCHOR_BLOCK, L2_BLOCK, truth);
        bytes memory data = abi.encodeCall(IBisectionGame.open, (address(proposal), hashes));
        vm.assertTrue(spend("open", CHALLENGER, CHALLENGER_BOND, data) <= 150_000);
    }

    /// forge-config: default.isolate = true
    function testOpeningATrace() public {
        playTo(Rung.TRACE_OPENING, true);
        IBisectionGame.TraceOpening memory opening = traceOpening(gameId);
        // A manifest and siblings of the size that a model of two tensors has.
        opening.siblings = new bytes32[](16);
        for (uint256 i = 0; i < 16; i++) {
            opening.siblings[i] = keccak256(abi.encode(i));
        }
        bytes32[] memory hashes = hashesOver(gameId, Rung.TRACE, 0, world.program.steps, truth);
        InferenceRecord memory record = _seen[gameId].record;
        bytes memory data = abi.encodeCall(IBisectionGame.openTrace, (gameId, record, opening, hashes));
        vm.assertTrue(spend("openTrace", CHALLENGER, 0, data) <= 150_000);
    }

    /// forge-config: default.isolate = true
    function testReveals() public {
        playTo(Rung.BLOCK, false);
        bytes memory data = abi.encodeCall(
            IBisectionGame.revealBlock, (gameId, wholeSegment(gameId), claims.revealOf(world, lie, 333))
        );
        vm.assertTrue(spend("revealBlock", PROPOSER, 0, data) <= 120_000);
        playTo(Rung.RECORD, false);
        data = abi.encodeCall(
            IBisectionGame.revealRecord,
            (gameId, wholeSegment(gameId), claims.recordsOf(world, lie, 333)[4], claims.siblingsOf(world, lie, 333, 4))
        );
        vm.assertTrue(spend("revealRecord", PROPOSER, 0, data) <= 90_000);
    }
}
