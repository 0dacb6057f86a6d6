// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAnchorStateRegistry } from "./IAnchorStateRegistry.sol";
import { IBisectionGame } from "./IBisectionGame.sol";
import { IDisputeGame } from "./IDisputeGame.sol";

/// @notice What the guardian said of a flagged proposal.
enum Ruling {
    NONE,
    VALID,
    INVALID
}

/// @notice How a proposal ended, finer than its status.
/// @dev PENDING: not resolved. UPHELD: it stands. PROVEN_FALSE: a challenger won a game. RULED_FALSE: the guardian ruled against it.
///      LAPSED: it was flagged and the guardian did not rule in time; nobody is to blame.
enum Outcome {
    PENDING,
    UPHELD,
    PROVEN_FALSE,
    RULED_FALSE,
    LAPSED
}

/// @title IProposal
/// @notice A proposer's claim that L2 had this output root at this block, in the OP Stack's form of a game. It falls when any
///         one challenger wins a game of the {IBisectionGame} against it, or when the guardian rules against it or does not
///         rule in time after a flag; it stands when its window closes without.
interface IProposal is IDisputeGame {
    /// @notice What a game against the proposal starts from.
    /// @param startBlock L2 block of the anchor that it builds on.
    /// @param startRoot Output root of the anchor.
    /// @param endBlock L2 block that it is about.
    /// @param endRoot Output root that it claims.
    /// @param closesAt Unix time from which no game can be opened, in seconds.
    /// @param isOpen Whether it is unresolved.
    struct Challengeable {
        uint64 startBlock;
        bytes32 startRoot;
        uint64 endBlock;
        bytes32 endRoot;
        uint64 closesAt;
        bool isOpen;
    }

    /// @notice It is set up already, or is no proxy.
    error Proposal_Initialized();
    /// @notice Only the factory sets a proposal up.
    error Proposal_NotFactory(address caller);
    /// @notice The extra data is not abi.encode(uint256 l2Block, address proposer, bytes32 salt).
    error Proposal_BadExtraData();
    /// @notice A proposal is made in its creator's own name.
    error Proposal_NotProposer(address proposer, address creator);
    /// @notice The creator is not on the allow-list of proposers.
    error Proposal_ProposerNotAllowed(address proposer);
    /// @notice The block is not after the anchor's, or is too large a number.
    error Proposal_BlockOutOfRange(uint256 l2Block, uint256 anchorBlock);
    /// @notice It is resolved already.
    error Proposal_Resolved();
    /// @notice Games can still be opened against it, or flags raised, until this Unix time.
    error Proposal_WindowOpen(uint256 closesAt);
    /// @notice Nobody can flag it any more since this Unix time.
    error Proposal_WindowClosed(uint256 closedAt);
    /// @notice So many games against it are not settled yet.
    error Proposal_GamesOpen(uint256 games);
    /// @notice It waits for the guardian until this Unix time.
    error Proposal_AwaitsRuling(uint256 deadline);
    /// @notice It is flagged already.
    error Proposal_AlreadyFlagged(address flagger);
    /// @notice The value sent is not the bond of a flag.
    error Proposal_WrongFlagBond(uint256 expected, uint256 got);
    /// @notice Nobody flagged it: there is nothing to rule on.
    error Proposal_NotFlagged();
    /// @notice The guardian has ruled already.
    error Proposal_AlreadyRuled(Ruling ruling);
    /// @notice The time for a ruling is over.
    error Proposal_RulingLate(uint256 deadline);
    /// @notice Only the guardian rules.
    error Proposal_NotGuardian(address caller);
    /// @notice Only the bisection game says that a dispute is about execution.
    error Proposal_NotGame(address caller);

    /// @notice Somebody holds the proposal false in a way that no game can prove yet; the guardian rules until `deadline`.
    /// @param viaGame Whether a game led here, its challenger's bond standing for the flag's.
    event Flagged(address indexed flagger, uint64 deadline, bool viaGame);
    /// @notice The guardian ruled.
    event Ruled(Ruling indexed ruling);

    /// @notice Holds the proposal false, with {flagBond} as value; within its window.
    function flag() external payable;

    /// @notice Flags the proposal on behalf of a challenger whose game came down to execution. Only the bisection game.
    function flagFor(address challenger) external;

    /// @notice The guardian's ruling on a flagged proposal.
    function rule(bool isValid) external;

    /// @notice What a game against it starts from.
    function challengeable() external view returns (Challengeable memory);

    /// @notice How it ended, finer than {status}.
    function outcome() external view returns (Outcome);

    /// @notice Who made it, and answers for it in every game.
    function proposer() external view returns (address);

    /// @notice L2 block of the anchor that it builds on.
    function startingBlockNumber() external view returns (uint256);

    /// @notice Output root of the anchor that it builds on.
    function startingRootHash() external view returns (bytes32);

    /// @notice Unix time from which no game can be opened and no flag raised, in seconds.
    function windowClosesAt() external view returns (uint64);

    /// @notice How long after its creation games can be opened, in seconds.
    function challengeWindow() external view returns (uint64);

    /// @notice Time that each side of a game has for all its moves, in seconds.
    function maxClockDuration() external view returns (uint64);

    /// @notice Time that the guardian has to rule after a flag, in seconds.
    function rulingPeriod() external view returns (uint64);

    /// @notice Bond of a flag, in wei.
    function flagBond() external view returns (uint256);

    /// @notice Who flagged it; zero where nobody did.
    function flagger() external view returns (address);

    /// @notice Unix time until which the guardian can rule, in seconds; 0 where it is not flagged.
    function rulingDeadline() external view returns (uint64);

    /// @notice What the guardian said.
    function ruling() external view returns (Ruling);

    /// @notice The registry that it takes its anchor, guardian and allow-list from.
    function anchorStateRegistry() external view returns (IAnchorStateRegistry);

    /// @notice The contract that holds the games against it, and all bonds.
    function bisectionGame() external view returns (IBisectionGame);
}
