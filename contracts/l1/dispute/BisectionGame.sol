// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IStepVerifier } from "../step/IStepVerifier.sol";
import { Board, Boards } from "./Boards.sol";
import { Dissections, Segment } from "./Dissections.sol";
import { GameBank } from "./GameBank.sol";
import { GameTable } from "./GameTable.sol";
import { merkleRootOf } from "./Hashing.sol";
import { GameState, IBisectionGame, Rung } from "./IBisectionGame.sol";
import { IDisputeGameFactory } from "./IDisputeGameFactory.sol";
import { IProposal } from "./IProposal.sol";
import { InferenceRecord, recordLeaf } from "./InferenceRecord.sol";
import { EMPTY_LOG_ROOT, LOG_DEPTH, LogProofs } from "./LogProofs.sol";
import { BlockReveal, OutputRoots } from "./OutputRoots.sol";

/// @title BisectionGame
/// @notice See {IBisectionGame}. This contract has the moves, rung by rung; {GameTable} has turns and clocks, {GameBank} the ether.
contract BisectionGame is GameTable {
    using Boards for Board;
    using OutputRoots for BlockReveal;

    /// @notice Parameters, fixed for good: clocks in seconds, bonds and gas price in wei, one verifier for each profile.
    struct Config {
        IDisputeGameFactory disputeGameFactory;
        uint32 maxClockDuration;
        uint256 challengerBond;
        uint256 proposerStake;
        uint256 gasPrice;
        IStepVerifier[] stepVerifiers;
    }

    uint256 private constant ROOTS = 1 << uint8(Rung.ROOTS);
    uint256 private constant BLOCK = 1 << uint8(Rung.BLOCK);
    uint256 private constant LOG_OPENING = 1 << uint8(Rung.LOG_OPENING);
    uint256 private constant LOG = 1 << uint8(Rung.LOG);
    uint256 private constant RECORD = 1 << uint8(Rung.RECORD);
    uint256 private constant TRACE_OPENING = 1 << uint8(Rung.TRACE_OPENING);
    uint256 private constant TRACE = 1 << uint8(Rung.TRACE);
    uint256 private constant EXECUTION = 1 << uint8(Rung.EXECUTION);

    /// @dev Most records of a block's log.
    uint256 private constant MAX_LOG_COUNT = 1 << LOG_DEPTH;
    /// @dev Positions have 40 bits.
    uint256 private constant MAX_STEPS = type(uint40).max;
    /// @dev Where a manifest has its profile, after its domain: bytes 32 … 35.
    uint256 private constant PROFILE_OFFSET = 32;

    mapping(uint256 profile => IStepVerifier verifier) private _stepVerifiers;

    constructor(Config memory config)
        GameBank(config.disputeGameFactory, config.challengerBond, config.proposerStake, config.gasPrice)
        GameTable(config.maxClockDuration)
    {
        for (uint256 i = 0; i < config.stepVerifiers.length; i++) {
            uint256 profile = config.stepVerifiers[i].profile();
            // INVARIANT: a profile has one verifier, for good.
            require(
                profile <= type(uint16).max && address(_stepVerifiers[profile]) == address(0),
                BisectionGame_BadConfig("stepVerifiers")
            );
            _stepVerifiers[profile] = config.stepVerifiers[i];
        }
    }

    /// @inheritdoc IBisectionGame
    function open(address proposal, bytes32[] calldata hashes) external payable returns (bytes32 gameId) {
        Registered storage record = _registered(proposal);
        require(msg.value == challengerBond, BisectionGame_WrongBond(challengerBond, msg.value));
        IProposal.Challengeable memory target = IProposal(proposal).challengeable();
        require(target.isOpen, BisectionGame_ProposalResolved(proposal));
        // INVARIANT: a proposal's delay is bounded.
        require(block.timestamp < target.closesAt, BisectionGame_WindowClosed(target.closesAt));

        Board memory board = _newBoard();
        board.lo = uint40(target.startBlock);
        board.hi = uint40(target.endBlock);
        uint256 parts = Dissections.partsOf(board.lo, board.hi);
        require(hashes.length == parts, Dissections.Dissections_PartCount(parts, hashes.length));
        bytes32 claim = hashes[parts - 1];
        gameId = gameIdOf(proposal, msg.sender, claim);
        Game storage entry = _games[gameId];
        // INVARIANT: no result is overwritten.
        require(entry.board == 0, BisectionGame_GameExists(gameId));
        entry.challenger = msg.sender;
        entry.index = record.games++;
        record.openGames++;
        emit GameOpened(gameId, proposal, msg.sender, entry.index, claim);
        _dissect(gameId, entry, board, 0, target.startRoot, target.endRoot, hashes);
    }

    /// @inheritdoc IBisectionGame
    function move(bytes32 gameId, Segment calldata segment, bytes32[] calldata hashes) external payable {
        (Game storage entry, Board memory board) = _beginMove(gameId, ROOTS | LOG | TRACE);
        _takeStake(board);
        _takeSegment(entry, board, segment);
        uint256 width = board.hi - board.lo;
        // INVARIANT: a game narrows with every move, and ends.
        require(width > 1, BisectionGame_SegmentTooNarrow(width));
        _dissect(gameId, entry, board, segment.index, segment.start, segment.end, hashes);
    }

    /// @inheritdoc IBisectionGame
    function pick(bytes32 gameId, Segment calldata segment) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, ROOTS | LOG);
        _requireSide(board, true);
        _takeLastSegment(entry, board, segment);
        entry.dissection = Dissections.rootOfPart(segment.start, segment.end);
        uint32 clock = _climb(entry, board, board.rung == Rung.ROOTS ? Rung.BLOCK : Rung.RECORD);
        bytes32[] memory hashes = new bytes32[](1);
        hashes[0] = segment.end;
        emit Dissected(gameId, msg.sender, board.rung, segment.index, board.lo, board.hi, clock, segment.start, hashes);
    }

    /// @inheritdoc IBisectionGame
    function revealBlock(bytes32 gameId, Segment calldata segment, BlockReveal calldata reveal) external payable {
        (Game storage entry, Board memory board) = _beginMove(gameId, ROOTS | BLOCK);
        _requireSide(board, false);
        _takeStake(board);
        _takeLastSegment(entry, board, segment);
        bytes32 root = reveal.rootOf();
        if (board.rung == Rung.BLOCK) {
            // INVARIANT: what is revealed is what was claimed.
            require(root == segment.end, BisectionGame_RootMismatch(segment.end, root));
        } else {
            require(root != segment.end, BisectionGame_NothingRejected(segment.end));
        }
        reveal.requireConsistent(board.hi);
        _requireLog(reveal.logRoot, reveal.logCount);
        board.logCount = uint24(reveal.logCount);
        entry.subject = reveal.logRoot;
        uint32 clock = _climb(entry, board, Rung.LOG_OPENING);
        emit BlockRevealed(gameId, board.hi, keccak256(reveal.header), reveal.logRoot, reveal.logCount, clock);
    }

    /// @inheritdoc IBisectionGame
    function openLog(bytes32 gameId, uint256 logCount, bytes32[] calldata hashes) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, LOG_OPENING);
        require(logCount <= MAX_LOG_COUNT, BisectionGame_LogTooLong(logCount, MAX_LOG_COUNT));
        uint256 longer = logCount > board.logCount ? logCount : board.logCount;
        require(longer > 0, BisectionGame_LogEmpty());
        board.rung = Rung.LOG;
        board.lo = 0;
        board.hi = uint40(longer);
        emit LogOpened(gameId, logCount);
        // INVARIANT: the logs differ. Where they do not, execution does.
        _dissect(gameId, entry, board, 0, EMPTY_LOG_ROOT, entry.subject, hashes);
    }

    /// @inheritdoc IBisectionGame
    function revealRecord(
        bytes32 gameId,
        Segment calldata segment,
        InferenceRecord calldata record,
        bytes32[] calldata siblings
    ) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, LOG | RECORD);
        _requireSide(board, false);
        _takeLastSegment(entry, board, segment);
        uint256 index = board.lo;
        require(index < board.logCount, BisectionGame_RecordIndex(index, board.logCount));
        bytes32 leaf = recordLeaf(record);
        // INVARIANT: the record is the one that the block's header commits to.
        require(
            siblings.length == LOG_DEPTH && merkleRootOf(leaf, index, siblings) == entry.subject,
            BisectionGame_RecordNotProven(index)
        );
        (bytes32 without, bytes32 including) = LogProofs.prefixRoots(leaf, index, siblings);
        // INVARIANT: before that record the proposer's log is the one that both agree on.
        require(without == segment.start, BisectionGame_PrefixMismatch(segment.start, without));
        _requirePrefix(board, segment.end, including);
        entry.subject = leaf;
        uint32 clock = _climb(entry, board, Rung.TRACE_OPENING);
        emit RecordRevealed(gameId, index, record, clock);
    }

    /// @inheritdoc IBisectionGame
    function revealAbsence(bytes32 gameId, Segment calldata segment) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, LOG | RECORD);
        _requireSide(board, false);
        _takeLastSegment(entry, board, segment);
        uint256 index = board.lo;
        require(index >= board.logCount, BisectionGame_RecordIndex(index, board.logCount));
        // INVARIANT: the log that both agree on up to here is all of the proposer's.
        require(segment.start == entry.subject, BisectionGame_PrefixMismatch(entry.subject, segment.start));
        _requirePrefix(board, segment.end, entry.subject);
        uint32 clock = _climb(entry, board, Rung.EXECUTION);
        emit RecordAbsent(gameId, index, clock);
    }

    /// @inheritdoc IBisectionGame
    function openTrace(
        bytes32 gameId,
        InferenceRecord calldata record,
        TraceOpening calldata opening,
        bytes32[] calldata hashes
    ) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, TRACE_OPENING);
        bytes32 leaf = recordLeaf(record);
        // INVARIANT: the trace is that of the revealed record.
        require(leaf == entry.subject, BisectionGame_RecordMismatch(entry.subject, leaf));
        (uint256 steps, bytes32 startState) = _startTrace(gameId, entry, board, record, opening);
        board.rung = Rung.TRACE;
        board.lo = 0;
        board.hi = uint40(steps);
        bytes32 halt = _stepVerifiers[board.profile].haltState(record.outputRoot);
        _dissect(gameId, entry, board, 0, startState, halt, hashes);
    }

    /// @inheritdoc IBisectionGame
    function prove(bytes32 gameId, Segment calldata segment, bytes calldata witness) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, TRACE);
        _takeLastSegment(entry, board, segment);
        // INVARIANT: step and Program come from the game, never from the player.
        bytes32 proven = _stepVerifiers[board.profile].step(entry.subject, segment.start, uint64(board.lo), witness);
        require(proven != segment.end, BisectionGame_StepHolds(proven));
        emit StepProven(gameId, board.lo, segment.start, segment.end, proven);
        _decide(gameId, entry, board, board.challengersTurn, false);
    }

    /// @inheritdoc IBisectionGame
    function escalate(bytes32 gameId) external {
        (Game storage entry, Board memory board) = _beginMove(gameId, LOG_OPENING | TRACE_OPENING | EXECUTION);
        board.state = GameState.ESCALATED;
        address proposal = _proposalOf(gameId);
        uint32 clock = _climb(entry, board, board.rung);
        emit Escalated(gameId, proposal, clock);
        IProposal(proposal).flagFor(msg.sender);
    }

    /// @inheritdoc IBisectionGame
    function stepVerifiers(uint256 profile) external view returns (address) {
        return address(_stepVerifiers[profile]);
    }

    /// @notice Version of this contract.
    function version() external pure returns (string memory) {
        return "1.0.0";
    }

    /// @dev Ties a trace to its record: returns its length and first state, keeps its Program and profile.
    function _startTrace(
        bytes32 gameId,
        Game storage entry,
        Board memory board,
        InferenceRecord calldata record,
        TraceOpening calldata opening
    ) private returns (uint256 steps, bytes32 startState) {
        (IStepVerifier verifier, uint256 profile) = _verifierOf(opening.manifest);
        bytes32 modelId;
        bytes32 programRoot;
        (modelId, programRoot, steps, startState) =
            verifier.start(opening.manifest, record.inputRoot, opening.inputTensorRoots, opening.siblings);
        // INVARIANT: the Program is that of the record's model.
        require(modelId == record.modelId, BisectionGame_ModelMismatch(record.modelId, modelId));
        require(steps > 0 && steps <= MAX_STEPS, BisectionGame_TraceLength(steps));
        board.profile = uint16(profile);
        entry.subject = programRoot;
        emit TraceOpened(gameId, modelId, programRoot, steps);
    }

    function _verifierOf(bytes calldata manifest) private view returns (IStepVerifier verifier, uint256 profile) {
        bytes calldata field =
            manifest.length < PROFILE_OFFSET + 4 ? manifest[:0] : manifest[PROFILE_OFFSET:PROFILE_OFFSET + 4];
        profile = uint32(bytes4(field));
        verifier = _stepVerifiers[profile];
        // INVARIANT: an inference is judged by its own profile's rules.
        require(address(verifier) != address(0), BisectionGame_UnknownProfile(profile));
    }

    function _requireSide(Board memory board, bool challenger) private pure {
        // INVARIANT: the proposer reveals, the challenger picks.
        require(board.challengersTurn == challenger, BisectionGame_WrongSide(board.challengersTurn));
    }

    /// @dev The proposer's prefix is the one that it claimed, or where the challenger claimed one, another than that.
    function _requirePrefix(Board memory board, bytes32 claimed, bytes32 shown) private pure {
        if (board.rung == Rung.RECORD) require(shown == claimed, BisectionGame_PrefixMismatch(claimed, shown));
        else require(shown != claimed, BisectionGame_NothingRejected(claimed));
    }

    function _requireLog(bytes32 logRoot, uint256 logCount) private pure {
        require(logCount <= MAX_LOG_COUNT, BisectionGame_LogTooLong(logCount, MAX_LOG_COUNT));
        // INVARIANT: a log without records has the root of the empty tree.
        require(logCount > 0 || logRoot == EMPTY_LOG_ROOT, BisectionGame_PrefixMismatch(EMPTY_LOG_ROOT, logRoot));
    }
}
