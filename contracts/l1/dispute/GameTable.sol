// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Board, Boards } from "./Boards.sol";
import { Dissections, Segment } from "./Dissections.sol";
import { GameBank } from "./GameBank.sol";
import { GameState, IBisectionGame, Rung } from "./IBisectionGame.sol";
import { IProposal } from "./IProposal.sol";

/// @title GameTable
/// @notice Turns, clocks and dissections: what is the same on every rung.
abstract contract GameTable is GameBank {
    using Boards for Board;

    /// @inheritdoc IBisectionGame
    uint32 public immutable maxClockDuration;

    constructor(uint32 clockSeconds) {
        // INVARIANT: both players have time to answer.
        require(clockSeconds > 0, BisectionGame_BadConfig("maxClockDuration"));
        maxClockDuration = clockSeconds;
    }

    /// @inheritdoc IBisectionGame
    function callTime(bytes32 gameId) external {
        (Game storage entry, Board memory board) = _running(gameId);
        uint256 expiry = board.expiresAt();
        // INVARIANT: a player who answers in time never loses by time.
        require(block.timestamp > expiry, BisectionGame_ClockRunning(expiry));
        _decide(gameId, entry, board, !board.challengersTurn, true);
    }

    /// @inheritdoc IBisectionGame
    function game(bytes32 gameId) external view returns (GameView memory view_) {
        Game storage entry = _games[gameId];
        if (entry.board == 0) return view_;
        Board memory board = Boards.unpack(entry.board);
        address proposal = _proposalOf(gameId);
        return GameView({
            proposal: proposal,
            proposer: _proposals[proposal].proposer,
            challenger: entry.challenger,
            index: entry.index,
            state: board.state,
            rung: board.rung,
            challengersTurn: board.challengersTurn,
            isStaked: board.isStaked,
            lo: board.lo,
            hi: board.hi,
            dissection: entry.dissection,
            subject: entry.subject,
            logCount: board.logCount,
            profile: board.profile,
            movedAt: board.movedAt,
            proposerClock: board.proposerClock,
            challengerClock: board.challengerClock
        });
    }

    /// @inheritdoc IBisectionGame
    function deadline(bytes32 gameId) external view returns (uint256) {
        Board memory board = Boards.unpack(_games[gameId].board);
        return board.state == GameState.RUNNING ? board.expiresAt() : 0;
    }

    /// @inheritdoc IBisectionGame
    function gameIdOf(address proposal, address challenger, bytes32 rootClaim) public pure returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(proposal, challenger, rootClaim));
        return bytes32(bytes20(proposal)) | (hash & bytes32(uint256(type(uint96).max)));
    }

    /// @dev A new game's board before its first dissection: both clocks are full.
    function _newBoard() internal view returns (Board memory board) {
        board.state = GameState.RUNNING;
        board.challengersTurn = true;
        board.movedAt = uint40(block.timestamp);
        board.proposerClock = maxClockDuration;
        board.challengerClock = maxClockDuration;
    }

    /// @dev A game that is not decided.
    function _running(bytes32 gameId) internal view returns (Game storage entry, Board memory board) {
        entry = _games[gameId];
        // INVARIANT: a move is made in a game that exists.
        require(entry.board != 0, BisectionGame_UnknownGame(gameId));
        board = Boards.unpack(entry.board);
        // INVARIANT: a verdict is final.
        require(board.state == GameState.RUNNING, BisectionGame_WrongState(board.state));
    }

    /// @dev Begins a move: the caller is on turn, in time, and the game is on one of the rungs (a bit each).
    function _beginMove(bytes32 gameId, uint256 rungs) internal view returns (Game storage entry, Board memory board) {
        (entry, board) = _running(gameId);
        // INVARIANT: a rung's moves are made on that rung only.
        require((rungs >> uint8(board.rung)) & 1 == 1, BisectionGame_WrongRung(board.rung));
        address player = board.challengersTurn ? entry.challenger : _proposals[_proposalOf(gameId)].proposer;
        // INVARIANT: only the player on turn moves.
        require(msg.sender == player, BisectionGame_NotOnTurn(player, msg.sender));
        uint256 expiry = board.expiresAt();
        // INVARIANT: no move is made late.
        require(block.timestamp <= expiry, BisectionGame_ClockExpired(expiry));
    }

    /// @dev Takes the proposer's stake with its first answer, and no ether with any other move.
    function _takeStake(Board memory board) internal view {
        bool isFirstAnswer = !board.challengersTurn && !board.isStaked;
        uint256 expected = isFirstAnswer ? proposerStake : 0;
        // INVARIANT: whoever answers has something to lose, and nothing else comes in.
        require(msg.value == expected, BisectionGame_WrongBond(expected, msg.value));
        if (isFirstAnswer) board.isStaked = true;
    }

    /// @dev Narrows the board to a segment of the opponent's dissection.
    function _takeSegment(Game storage entry, Board memory board, Segment calldata segment) internal view {
        (uint256 lo, uint256 hi) = Dissections.take(entry.dissection, board.lo, board.hi, segment);
        board.lo = uint40(lo);
        board.hi = uint40(hi);
    }

    /// @dev Narrows the board to a segment of width 1, where something is to be shown instead of dissected.
    function _takeLastSegment(Game storage entry, Board memory board, Segment calldata segment) internal view {
        _takeSegment(entry, board, segment);
        uint256 width = board.hi - board.lo;
        // INVARIANT: nothing is shown about a range that is not narrowed down.
        require(width == 1, BisectionGame_SegmentTooWide(width));
    }

    /// @dev Ends a move with the mover's dissection of the board's range.
    /// @param segment For the event.
    /// @param rejected End that the mover rejects: its own must differ.
    function _dissect(
        bytes32 gameId,
        Game storage entry,
        Board memory board,
        uint256 segment,
        bytes32 start,
        bytes32 rejected,
        bytes32[] calldata hashes
    ) internal {
        entry.dissection = Dissections.rootOf(board.lo, board.hi, start, hashes);
        // INVARIANT: a mover that accepts everything has no move, so that of two different claims one is always refuted.
        require(hashes[hashes.length - 1] != rejected, BisectionGame_NothingRejected(rejected));
        uint32 clock = board.passTurn();
        entry.board = board.pack();
        emit Dissected(gameId, msg.sender, board.rung, segment, board.lo, board.hi, clock, start, hashes);
    }

    /// @dev Ends a move that shows something: the game goes on on another rung. Returns what the mover has left on its clock.
    function _climb(Game storage entry, Board memory board, Rung rung) internal returns (uint32 clock) {
        board.rung = rung;
        clock = board.passTurn();
        entry.board = board.pack();
    }

    /// @dev Decides a game.
    function _decide(bytes32 gameId, Game storage entry, Board memory board, bool challengerWon, bool byTime) internal {
        board.state = challengerWon ? GameState.CHALLENGER_WON : GameState.PROPOSER_WON;
        entry.board = board.pack();
        emit GameDecided(gameId, challengerWon, byTime);
    }
}
