// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Segment } from "./Dissections.sol";
import { InferenceRecord } from "./InferenceRecord.sol";
import { BlockReveal } from "./OutputRoots.sol";

/// @notice How far down a game is, and what the player on turn owes.
/// @dev ROOTS: output roots over L2 blocks are dissected. BLOCK: the challenger picked one block, the proposer owes what is behind its
///      root. LOG_OPENING: the proposer showed its block, the challenger owes its own log. LOG: prefixes of the two logs are
///      dissected. RECORD: the challenger picked one place in the log, the proposer owes its record. TRACE_OPENING: the proposer
///      showed a record, the challenger owes its own trace. TRACE: states of the inference's trace are dissected. EXECUTION: the
///      proposer showed that its log ends before that place: no game can settle it, the challenger can only escalate.
enum Rung {
    ROOTS,
    BLOCK,
    LOG_OPENING,
    LOG,
    RECORD,
    TRACE_OPENING,
    TRACE,
    EXECUTION
}

/// @notice How a game stands.
/// @dev ESCALATED waits for the guardian's ruling. SETTLED has paid out.
enum GameState {
    NONE,
    RUNNING,
    CHALLENGER_WON,
    PROPOSER_WON,
    ESCALATED,
    SETTLED
}

/// @title IBisectionGame
/// @notice All games against all proposals, and all bonds. A challenger opens with its own differing output root; the two players
///         then narrow their difference in turns to one block, one record of its log, one step of its inference, which is executed
///         here. A verdict binds its two players and its one proposal.
/// @dev Every dissection, and so all that a player needs to go on with a game, is in the events.
interface IBisectionGame {
    /// @notice A game as it stands.
    /// @param proposal The proposal that it is about; zero where there is no such game.
    /// @param proposer Who answers for the proposal.
    /// @param challenger Who opened it.
    /// @param index Its place among the games against the proposal, from 0.
    /// @param state How it stands.
    /// @param rung How far down it is.
    /// @param challengersTurn Whether the challenger is on turn.
    /// @param isStaked Whether the proposer put its stake down.
    /// @param lo Start of the dissected range of positions.
    /// @param hi End of it.
    /// @param dissection Merkle root of the dissection that the player on turn answers.
    /// @param subject LOG_OPENING, LOG, RECORD: the proposer's log root. TRACE_OPENING: the record's leaf. TRACE: the programRoot.
    /// @param logCount Records in the proposer's log, from LOG_OPENING on.
    /// @param profile Profile of the model, in TRACE.
    /// @param movedAt Unix time of the last move, in seconds.
    /// @param proposerClock Seconds that the proposer had left at `movedAt`.
    /// @param challengerClock Seconds that the challenger had left at `movedAt`.
    struct GameView {
        address proposal;
        address proposer;
        address challenger;
        uint32 index;
        GameState state;
        Rung rung;
        bool challengersTurn;
        bool isStaked;
        uint40 lo;
        uint40 hi;
        bytes32 dissection;
        bytes32 subject;
        uint24 logCount;
        uint16 profile;
        uint40 movedAt;
        uint32 proposerClock;
        uint32 challengerClock;
    }

    /// @notice What a challenger shows to tie its trace to a record.
    /// @param manifest Preimage of the record's modelId.
    /// @param inputTensorRoots Tensor roots of the inputs: preimage of the record's inputRoot.
    /// @param siblings Siblings that set the inputs into the tree of constants; see IStepVerifier.start.
    struct TraceOpening {
        bytes manifest;
        bytes32[] inputTensorRoots;
        bytes32[] siblings;
    }

    /// @notice How the games against a proposal stand.
    /// @param games Games opened so far.
    /// @param openGames Games not settled yet.
    /// @param winningGame The earliest opened game that a challenger won and that is settled; zero where there is none.
    /// @param bond The proposal's bond that is still held, in wei.
    struct Standing {
        uint32 games;
        uint32 openGames;
        bytes32 winningGame;
        uint256 bond;
    }

    /// @notice The caller is no proposal that the factory made.
    error BisectionGame_UnknownProposal(address proposal);
    /// @notice Only a proposal itself may do this, once.
    error BisectionGame_AlreadyRegistered(address proposal);
    /// @notice No game has this id.
    error BisectionGame_UnknownGame(bytes32 gameId);
    /// @notice The caller has opened a game with this root against the proposal already.
    error BisectionGame_GameExists(bytes32 gameId);
    /// @notice The proposal is resolved.
    error BisectionGame_ProposalResolved(address proposal);
    /// @notice No game can be opened against the proposal since this Unix time.
    error BisectionGame_WindowClosed(uint256 closedAt);
    /// @notice The value sent is not what this move costs.
    error BisectionGame_WrongBond(uint256 expected, uint256 got);
    /// @notice The game is over, or not at a point where this can be done.
    error BisectionGame_WrongState(GameState state);
    /// @notice This is not what the game asks for on its rung.
    error BisectionGame_WrongRung(Rung rung);
    /// @notice The caller is not on turn.
    error BisectionGame_NotOnTurn(address expected, address caller);
    /// @notice This is for the other side to do.
    error BisectionGame_WrongSide(bool challengersTurn);
    /// @notice The caller's clock ran out.
    error BisectionGame_ClockExpired(uint256 expiredAt);
    /// @notice The clock of the player on turn runs until this Unix time.
    error BisectionGame_ClockRunning(uint256 expiresAt);
    /// @notice A range of this width cannot be dissected: prove it or reveal what is there.
    error BisectionGame_SegmentTooNarrow(uint256 width);
    /// @notice A segment of this width must be dissected before anything is shown about it.
    error BisectionGame_SegmentTooWide(uint256 width);
    /// @notice The last hash must differ from the end that the mover rejects.
    error BisectionGame_NothingRejected(bytes32 end);
    /// @notice The root behind the revealed block is not the one that the proposer claimed.
    error BisectionGame_RootMismatch(bytes32 expected, bytes32 got);
    /// @notice A block's log has at most this many records.
    error BisectionGame_LogTooLong(uint256 got, uint256 limit);
    /// @notice Both logs are empty: there is nothing to dissect.
    error BisectionGame_LogEmpty();
    /// @notice The log of this many records has one at this place, or has none there, other than the caller says.
    error BisectionGame_RecordIndex(uint256 index, uint256 logCount);
    /// @notice The record is not at that place of the proposer's log, or the log before it is not the one agreed on.
    error BisectionGame_RecordNotProven(uint256 index);
    /// @notice The prefix of the log that ends with the record is not the one that the proposer claimed.
    error BisectionGame_PrefixMismatch(bytes32 expected, bytes32 got);
    /// @notice The record is not the one that the proposer revealed.
    error BisectionGame_RecordMismatch(bytes32 expected, bytes32 got);
    /// @notice The manifest is not that of the record's model.
    error BisectionGame_ModelMismatch(bytes32 expected, bytes32 got);
    /// @notice No verifier judges models of this profile.
    error BisectionGame_UnknownProfile(uint256 profile);
    /// @notice The trace has this many steps, which is none or too many.
    error BisectionGame_TraceLength(uint256 steps);
    /// @notice The opponent's state is right: the step proves nothing against it.
    error BisectionGame_StepHolds(bytes32 state);
    /// @notice The game waits for the guardian to rule on the proposal.
    error BisectionGame_AwaitsRuling();
    /// @notice Only the challenger may leave a game whose proposal fell.
    error BisectionGame_NotChallenger(address caller);
    /// @notice The account has nothing to claim.
    error BisectionGame_NoCredit(address account);
    /// @notice The account did not take its ether.
    error BisectionGame_TransferFailed(address account);
    /// @notice A parameter of the constructor is out of its range.
    error BisectionGame_BadConfig(string parameter);

    /// @notice A proposal put its bond down; games can be opened against it.
    event ProposalRegistered(address indexed proposal, address indexed proposer, uint256 bond);
    /// @notice A game was opened; its first dissection follows in {Dissected}.
    event GameOpened(
        bytes32 indexed gameId, address indexed proposal, address indexed challenger, uint32 index, bytes32 rootClaim
    );
    /// @notice The game goes on with this dissection, which the other player answers.
    /// @param rung The rung that the game is on now. On BLOCK and RECORD the dissection is the one segment that the challenger picked.
    /// @param segment Which segment of the last dissection was taken; 0 where a rung was opened.
    /// @param lo Start of the dissected range. With w = hi - lo and n = hashes.length, hash i is about lo + (i + 1) * w / n.
    /// @param hi End of it.
    /// @param clock Seconds that the mover has left.
    /// @param start Hash at `lo`, agreed on; leaf 0 of the dissection's tree.
    /// @param hashes The mover's hashes; leaves 1 ….
    event Dissected(
        bytes32 indexed gameId,
        address indexed mover,
        Rung rung,
        uint256 segment,
        uint256 lo,
        uint256 hi,
        uint256 clock,
        bytes32 start,
        bytes32[] hashes
    );
    /// @notice The proposer showed what is behind its root of a block.
    event BlockRevealed(
        bytes32 indexed gameId, uint256 l2Block, bytes32 blockHash, bytes32 logRoot, uint256 logCount, uint256 clock
    );
    /// @notice The challenger stated how many records its own log has; its dissection follows.
    event LogOpened(bytes32 indexed gameId, uint256 logCount);
    /// @notice The proposer showed record `recordIndex` of its log.
    event RecordRevealed(bytes32 indexed gameId, uint256 recordIndex, InferenceRecord record, uint256 clock);
    /// @notice The proposer showed that its log has no record `recordIndex`.
    event RecordAbsent(bytes32 indexed gameId, uint256 recordIndex, uint256 clock);
    /// @notice The challenger tied a trace to the record; its dissection follows.
    event TraceOpened(bytes32 indexed gameId, bytes32 indexed modelId, bytes32 programRoot, uint256 steps);
    /// @notice A step was executed: after `start` comes `proven`, not `refuted`.
    event StepProven(bytes32 indexed gameId, uint256 step, bytes32 start, bytes32 refuted, bytes32 proven);
    /// @notice The challenger holds that the blocks differ in execution: the guardian rules.
    event Escalated(bytes32 indexed gameId, address indexed proposal, uint256 clock);
    /// @notice A game was decided; {settle} pays out.
    event GameDecided(bytes32 indexed gameId, bool challengerWon, bool byTime);
    /// @notice A game was paid out, in wei.
    event GameSettled(bytes32 indexed gameId, uint256 toChallenger, uint256 toProposer, uint256 burned);
    /// @notice A proposal's bond, or what was left of it, was paid out, in wei.
    event ProposalSettled(address indexed proposal, address indexed beneficiary, uint256 paid, uint256 burned);
    /// @notice An account took its ether.
    event CreditClaimed(address indexed account, uint256 amount);

    /// @notice Opens a game with the caller's own roots, dissecting the blocks from the proposal's anchor to its block; the last
    ///         hash is the root that the caller holds true. Value: {challengerBond}.
    function open(address proposal, bytes32[] calldata hashes) external payable returns (bytes32 gameId);

    /// @notice Dissects a segment of the opponent's dissection anew: one whose start the mover accepts and whose end it rejects.
    ///         The proposer's first answer in a game carries {proposerStake}.
    function move(bytes32 gameId, Segment calldata segment, bytes32[] calldata hashes) external payable;

    /// @notice Picks a segment of width 1 of the proposer's dissection (ROOTS, LOG), so that the proposer must show what is there.
    function pick(bytes32 gameId, Segment calldata segment) external;

    /// @notice Shows what is behind the proposer's root of one block (ROOTS, BLOCK). May be the proposer's first answer; see {move}.
    /// @param segment Of width 1; on BLOCK, the only one: index 0, no siblings.
    function revealBlock(bytes32 gameId, Segment calldata segment, BlockReveal calldata reveal) external payable;

    /// @notice States the challenger's log of the block and dissects it (LOG_OPENING): hash i is the root over its first
    ///         min(position, logCount) records, over positions up to the longer log's count.
    function openLog(bytes32 gameId, uint256 logCount, bytes32[] calldata hashes) external;

    /// @notice Shows a record of the proposer's log (LOG, RECORD).
    /// @param segment Of width 1, its start the record's place; on RECORD, the only one: index 0, no siblings.
    /// @param siblings Siblings of the record's leaf under the proposer's log root, 16 from the leaf upwards.
    function revealRecord(
        bytes32 gameId,
        Segment calldata segment,
        InferenceRecord calldata record,
        bytes32[] calldata siblings
    ) external;

    /// @notice Shows that the proposer's log has no record at the segment's start (LOG, RECORD).
    function revealAbsence(bytes32 gameId, Segment calldata segment) external;

    /// @notice Ties the challenger's trace to the revealed record and dissects it (TRACE_OPENING); the last hash differs from
    ///         the halt state of the record's output.
    function openTrace(
        bytes32 gameId,
        InferenceRecord calldata record,
        TraceOpening calldata opening,
        bytes32[] calldata hashes
    ) external;

    /// @notice Executes one step of the trace (TRACE): the caller wins where the state after it is not the opponent's.
    /// @param segment Of width 1; the step is its start.
    /// @param witness See IStepVerifier.step.
    function prove(bytes32 gameId, Segment calldata segment, bytes calldata witness) external;

    /// @notice Flags the proposal, the game's bond standing for the flag's, because the blocks differ in execution (LOG_OPENING,
    ///         TRACE_OPENING, EXECUTION). The guardian's ruling then decides the game.
    function escalate(bytes32 gameId) external;

    /// @notice Decides a game in which the player on turn let its clock run out. Anyone may.
    function callTime(bytes32 gameId) external;

    /// @notice Pays a game out: a decided one; an escalated one after the ruling; any one whose proposal fell, at its challenger's
    ///         wish. Anyone may, but for the last.
    function settle(bytes32 gameId) external;

    /// @notice Pays an account what it is owed. Anyone may.
    function claimCredit(address account) external;

    /// @notice Takes a new proposal and its bond. Only a proposal that the factory made.
    function register(address proposer) external payable;

    /// @notice Takes the bond of a flag. Only a registered proposal.
    function depositFlagBond() external payable;

    /// @notice Pays a resolved proposal's bond, and its flag's. Only a registered proposal, once.
    function conclude() external;

    /// @notice A game as it stands; all zero where there is none.
    function game(bytes32 gameId) external view returns (GameView memory);

    /// @notice How the games against a proposal stand.
    function standing(address proposal) external view returns (Standing memory);

    /// @notice Unix time until which the player on turn can move; 0 where the game is not running.
    function deadline(bytes32 gameId) external view returns (uint256);

    /// @notice Id of the game that a challenger opens with a root against a proposal: its first 20 bytes are the proposal.
    function gameIdOf(address proposal, address challenger, bytes32 rootClaim) external pure returns (bytes32);

    /// @notice What an account can claim, in wei.
    function credit(address account) external view returns (uint256);

    /// @notice Ether that a proposer needs to answer this many games at once besides its proposal's bond and gas, in wei.
    function capitalFor(uint256 games) external view returns (uint256);

    /// @notice Time that each side of a game has for all its moves, in seconds.
    function maxClockDuration() external view returns (uint32);

    /// @notice Bond of a challenger, in wei.
    function challengerBond() external view returns (uint256);

    /// @notice What the proposer puts down with its first answer in a game, in wei.
    function proposerStake() external view returns (uint256);

    /// @notice What the winner of a game gets for its gas, in wei.
    function gameCompensation() external view returns (uint256);

    /// @notice What a challenger gets for the gas of opening a game that the proposer never answered, in wei.
    function openingCompensation() external view returns (uint256);

    /// @notice The step verifier of a profile; zero where there is none.
    function stepVerifiers(uint256 profile) external view returns (address);
}
