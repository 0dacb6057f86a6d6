// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IDisputeGame } from "./IDisputeGame.sol";
import { IDisputeGameFactory } from "./IDisputeGameFactory.sol";

/// @title IAnchorStateRegistry
/// @notice Which proposals count, the newest final one, who may propose, and the guardian. ABI of the OP Stack where it has one.
interface IAnchorStateRegistry {
    /// @notice Only the guardian may do this.
    error AnchorStateRegistry_NotGuardian(address caller);
    /// @notice The guardian cannot be the zero address.
    error AnchorStateRegistry_ZeroGuardian();
    /// @notice The game is not final, did not stand, or does not count.
    error AnchorStateRegistry_InvalidAnchorGame(IDisputeGame game);
    /// @notice The anchor is at this block or a later one already.
    error AnchorStateRegistry_NotNewer(uint256 l2Block, uint256 anchorBlock);

    /// @notice The anchor moved to this game's claim.
    event AnchorUpdated(IDisputeGame indexed game);
    /// @notice The guardian put an account on the allow-list of proposers or took it off.
    event ProposerSet(address indexed proposer, bool allowed);
    /// @notice The guardian declared a game void.
    event DisputeGameBlacklisted(IDisputeGame indexed game);
    /// @notice Games created until this Unix time count no longer.
    event RetirementTimestampSet(uint256 timestamp);
    /// @notice Withdrawals rely on games of this type from here on.
    event RespectedGameTypeSet(uint32 gameType);
    /// @notice The guardian paused the registry, or let it go on.
    event PausedSet(bool paused);
    /// @notice The guardian changed.
    event GuardianTransferred(address indexed previousGuardian, address indexed newGuardian);

    /// @notice Moves the anchor to a final game's claim. Anyone may.
    function setAnchorState(IDisputeGame game) external;

    /// @notice Puts an account on the allow-list of proposers or takes it off. Only the guardian.
    function setProposer(address proposer, bool allowed) external;

    /// @notice Declares a game void. Only the guardian.
    function blacklistDisputeGame(IDisputeGame game) external;

    /// @notice Lets no game created until now count. Only the guardian.
    function updateRetirementTimestamp() external;

    /// @notice Sets the type of games that withdrawals rely on. Only the guardian.
    function setRespectedGameType(uint32 gameType) external;

    /// @notice Stops everything that relies on games, or lets it go on. Only the guardian.
    function setPaused(bool paused) external;

    /// @notice Hands the guardian's powers over. Only the guardian.
    function transferGuardian(address newGuardian) external;

    /// @notice The newest final output root, and its L2 block.
    function getAnchorRoot() external view returns (bytes32 root, uint256 l2SequenceNumber);

    /// @notice {getAnchorRoot}, under the OP Stack's older name; the same for every type.
    function anchors(uint32 gameType) external view returns (bytes32 root, uint256 l2SequenceNumber);

    /// @notice The game that the anchor is from; zero while it is the chain's start.
    function anchorGame() external view returns (IDisputeGame);

    /// @notice Whether the factory made the game and its claim may be relied on if it stands.
    function isGameProper(IDisputeGame game) external view returns (bool);

    /// @notice Whether the factory made it, for this registry.
    function isGameRegistered(IDisputeGame game) external view returns (bool);

    /// @notice Whether withdrawals relied on its type when it was created.
    function isGameRespected(IDisputeGame game) external view returns (bool);

    /// @notice Whether the guardian declared it void.
    function isGameBlacklisted(IDisputeGame game) external view returns (bool);

    /// @notice Whether it is too old to count.
    function isGameRetired(IDisputeGame game) external view returns (bool);

    /// @notice Whether it is resolved.
    function isGameResolved(IDisputeGame game) external view returns (bool);

    /// @notice Whether it is resolved and its air gap is over.
    function isGameFinalized(IDisputeGame game) external view returns (bool);

    /// @notice Whether its claim is final and true.
    function isGameClaimValid(IDisputeGame game) external view returns (bool);

    /// @notice Time between a game's resolution and its finality, in seconds: the air gap.
    function disputeGameFinalityDelaySeconds() external view returns (uint256);

    /// @notice Type of games that withdrawals rely on.
    function respectedGameType() external view returns (uint32);

    /// @notice Games created until this Unix time do not count.
    function retirementTimestamp() external view returns (uint64);

    /// @notice Whether everything that relies on games is stopped.
    function paused() external view returns (bool);

    /// @notice Whether the account may propose.
    function isProposerAllowed(address proposer) external view returns (bool);

    /// @notice Who rules on flagged proposals and keeps the lists.
    function guardian() external view returns (address);

    /// @notice Where games are made.
    function disputeGameFactory() external view returns (IDisputeGameFactory);
}
