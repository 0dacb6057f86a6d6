// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Board, Boards } from "../../l1/dispute/Boards.sol";
import { GameState, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { Test } from "../support/Test.sol";

contract BoardsTest is Test {
    using Boards for Board;

    function testFuzzABoardSurvivesItsSlot(uint256 packed) public pure {
        // The enums and flags must be in range; all other bits are free.
        uint256 enums = (packed % 8) << 184 | (packed % 6) << 192 | (packed & 1) << 200 | (packed >> 1 & 1) << 208;
        packed = (packed & ~(uint256(type(uint32).max) << 184)) | enums;
        vm.assertEq(Boards.unpack(packed).pack(), packed);
    }

    function testFieldsDoNotTouch() public pure {
        Board memory board = Board({
            lo: type(uint40).max,
            hi: 0,
            movedAt: type(uint40).max,
            proposerClock: 0,
            challengerClock: type(uint32).max,
            rung: Rung.ROOTS,
            state: GameState.SETTLED,
            challengersTurn: false,
            isStaked: true,
            logCount: 0,
            profile: type(uint16).max
        });
        vm.assertEq(keccak256(abi.encode(Boards.unpack(board.pack()))), keccak256(abi.encode(board)));
    }

    function testABoardInPlayIsNeverAnEmptySlot() public pure {
        Board memory board;
        board.state = GameState.RUNNING;
        vm.assertTrue(board.pack() != 0);
    }

    function testFuzzOnlyTheMoversClockRuns(uint32 proposer, uint32 challenger, uint32 elapsed, bool challengersTurn)
        public
    {
        uint32 clock = challengersTurn ? challenger : proposer;
        elapsed = uint32(bound(elapsed, 0, clock));
        Board memory board;
        board.proposerClock = proposer;
        board.challengerClock = challenger;
        board.challengersTurn = challengersTurn;
        board.movedAt = 1000;
        board.rung = Rung.LOG;
        vm.assertEq(board.expiresAt(), 1000 + uint256(clock));
        vm.warp(1000 + uint256(elapsed));
        vm.assertEq(board.passTurn(), clock - elapsed);
        vm.assertEq(board.challengerClock, challengersTurn ? challenger - elapsed : challenger);
        vm.assertEq(board.proposerClock, challengersTurn ? proposer : proposer - elapsed);
        vm.assertTrue(board.challengersTurn != challengersTurn);
        vm.assertEq(board.movedAt, 1000 + uint256(elapsed));
    }
}
