// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState, Rung } from "./IBisectionGame.sol";

/// @notice What every move of a game reads and changes. See IBisectionGame.GameView for the fields.
struct Board {
    uint40 lo;
    uint40 hi;
    uint40 movedAt;
    uint32 proposerClock;
    uint32 challengerClock;
    Rung rung;
    GameState state;
    bool challengersTurn;
    bool isStaked;
    uint24 logCount;
    uint16 profile;
}

/// @title Boards
/// @notice A game's board in one storage slot, and its chess clock.
/// @dev Packed by hand: the compiler would load and store the slot once a field, 800 gas more a move.
library Boards {
    /// @notice The slot's value. From the lowest bit, in the order of the struct's fields.
    function pack(Board memory board) internal pure returns (uint256 packed) {
        packed = board.profile;
        packed = (packed << 24) | board.logCount;
        packed = (packed << 8) | (board.isStaked ? 1 : 0);
        packed = (packed << 8) | (board.challengersTurn ? 1 : 0);
        packed = (packed << 8) | uint8(board.state);
        packed = (packed << 8) | uint8(board.rung);
        packed = (packed << 32) | board.challengerClock;
        packed = (packed << 32) | board.proposerClock;
        packed = (packed << 40) | board.movedAt;
        packed = (packed << 40) | board.hi;
        packed = (packed << 40) | board.lo;
    }

    /// @notice The inverse of {pack}.
    function unpack(uint256 packed) internal pure returns (Board memory board) {
        board.lo = uint40(packed);
        board.hi = uint40(packed >> 40);
        board.movedAt = uint40(packed >> 80);
        board.proposerClock = uint32(packed >> 120);
        board.challengerClock = uint32(packed >> 152);
        board.rung = Rung(uint8(packed >> 184));
        board.state = GameState(uint8(packed >> 192));
        board.challengersTurn = uint8(packed >> 200) == 1;
        board.isStaked = uint8(packed >> 208) == 1;
        board.logCount = uint24(packed >> 216);
        board.profile = uint16(packed >> 240);
    }

    /// @notice Unix time until which the player on turn can move.
    function expiresAt(Board memory board) internal pure returns (uint256) {
        return uint256(board.movedAt) + (board.challengersTurn ? board.challengerClock : board.proposerClock);
    }

    /// @notice Stops the clock of the player on turn and starts the other's. The former must not have expired.
    /// @return left Seconds that the mover has left.
    function passTurn(Board memory board) internal view returns (uint32 left) {
        left = uint32(expiresAt(board) - block.timestamp);
        if (board.challengersTurn) board.challengerClock = left;
        else board.proposerClock = left;
        board.movedAt = uint40(block.timestamp);
        board.challengersTurn = !board.challengersTurn;
    }
}
