// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAnchorStateRegistry } from "./IAnchorStateRegistry.sol";
import { GameStatus, IDisputeGame } from "./IDisputeGame.sol";
import { IDisputeGameFactory } from "./IDisputeGameFactory.sol";

/// @title AnchorStateRegistry
/// @notice See {IAnchorStateRegistry}.
contract AnchorStateRegistry is IAnchorStateRegistry {
    /// @inheritdoc IAnchorStateRegistry
    IDisputeGameFactory public immutable disputeGameFactory;
    /// @inheritdoc IAnchorStateRegistry
    uint256 public immutable disputeGameFinalityDelaySeconds;

    /// @inheritdoc IAnchorStateRegistry
    address public guardian;
    /// @inheritdoc IAnchorStateRegistry
    bool public paused;
    /// @inheritdoc IAnchorStateRegistry
    uint32 public respectedGameType;
    /// @inheritdoc IAnchorStateRegistry
    uint64 public retirementTimestamp;
    /// @inheritdoc IAnchorStateRegistry
    IDisputeGame public anchorGame;
    /// @inheritdoc IAnchorStateRegistry
    mapping(address proposer => bool allowed) public isProposerAllowed;
    /// @inheritdoc IAnchorStateRegistry
    mapping(IDisputeGame game => bool blacklisted) public isGameBlacklisted;
    bytes32 private _anchorRoot;
    uint256 private _anchorBlock;

    modifier onlyGuardian() {
        // INVARIANT: only the guardian keeps the lists.
        require(msg.sender == guardian, AnchorStateRegistry_NotGuardian(msg.sender));
        _;
    }

    /// @param startRoot Output root of the L2 block that the first proposals build on.
    /// @param startBlock That block.
    /// @param proposers Who may propose from the start.
    constructor(
        address initialGuardian,
        IDisputeGameFactory factory,
        uint32 initialGameType,
        uint256 finalityDelaySeconds,
        bytes32 startRoot,
        uint256 startBlock,
        address[] memory proposers
    ) {
        disputeGameFactory = factory;
        disputeGameFinalityDelaySeconds = finalityDelaySeconds;
        _anchorRoot = startRoot;
        _anchorBlock = startBlock;
        _setGuardian(initialGuardian);
        _setRespectedGameType(initialGameType);
        for (uint256 i = 0; i < proposers.length; i++) {
            _setProposer(proposers[i], true);
        }
    }

    /// @inheritdoc IAnchorStateRegistry
    function setAnchorState(IDisputeGame game) external {
        // INVARIANT: the anchor is final and true.
        require(isGameClaimValid(game), AnchorStateRegistry_InvalidAnchorGame(game));
        uint256 l2Block = game.l2SequenceNumber();
        // INVARIANT: the anchor only moves on.
        require(l2Block > _anchorBlock, AnchorStateRegistry_NotNewer(l2Block, _anchorBlock));
        anchorGame = game;
        _anchorRoot = game.rootClaim();
        _anchorBlock = l2Block;
        emit AnchorUpdated(game);
    }

    /// @inheritdoc IAnchorStateRegistry
    function setProposer(address proposer, bool allowed) external onlyGuardian {
        _setProposer(proposer, allowed);
    }

    /// @inheritdoc IAnchorStateRegistry
    function blacklistDisputeGame(IDisputeGame game) external onlyGuardian {
        isGameBlacklisted[game] = true;
        emit DisputeGameBlacklisted(game);
    }

    /// @inheritdoc IAnchorStateRegistry
    function updateRetirementTimestamp() external onlyGuardian {
        retirementTimestamp = uint64(block.timestamp);
        emit RetirementTimestampSet(block.timestamp);
    }

    /// @inheritdoc IAnchorStateRegistry
    function setRespectedGameType(uint32 gameType) external onlyGuardian {
        _setRespectedGameType(gameType);
    }

    /// @inheritdoc IAnchorStateRegistry
    function setPaused(bool isPaused) external onlyGuardian {
        paused = isPaused;
        emit PausedSet(isPaused);
    }

    /// @inheritdoc IAnchorStateRegistry
    function transferGuardian(address newGuardian) external onlyGuardian {
        _setGuardian(newGuardian);
    }

    /// @inheritdoc IAnchorStateRegistry
    function anchors(uint32) external view returns (bytes32 root, uint256 l2SequenceNumber) {
        return getAnchorRoot();
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "3.5.0";
    }

    /// @inheritdoc IAnchorStateRegistry
    function getAnchorRoot() public view returns (bytes32 root, uint256 l2SequenceNumber) {
        return (_anchorRoot, _anchorBlock);
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameProper(IDisputeGame game) public view returns (bool) {
        return isGameRegistered(game) && !isGameBlacklisted[game] && !isGameRetired(game) && !paused;
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameRegistered(IDisputeGame game) public view returns (bool) {
        (uint32 gameType, bytes32 rootClaim, bytes memory extraData) = game.gameData();
        (address proxy,) = disputeGameFactory.games(gameType, rootClaim, extraData);
        return proxy == address(game);
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameRespected(IDisputeGame game) public view returns (bool) {
        return game.wasRespectedGameTypeWhenCreated();
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameRetired(IDisputeGame game) public view returns (bool) {
        return game.createdAt() <= retirementTimestamp;
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameResolved(IDisputeGame game) public view returns (bool) {
        return game.resolvedAt() != 0 && game.status() != GameStatus.IN_PROGRESS;
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameFinalized(IDisputeGame game) public view returns (bool) {
        return isGameResolved(game) && block.timestamp > game.resolvedAt() + disputeGameFinalityDelaySeconds;
    }

    /// @inheritdoc IAnchorStateRegistry
    function isGameClaimValid(IDisputeGame game) public view returns (bool) {
        return isGameProper(game) && isGameRespected(game) && isGameFinalized(game)
            && game.status() == GameStatus.DEFENDER_WINS;
    }

    function _setProposer(address proposer, bool allowed) internal {
        isProposerAllowed[proposer] = allowed;
        emit ProposerSet(proposer, allowed);
    }

    function _setRespectedGameType(uint32 gameType) internal {
        respectedGameType = gameType;
        emit RespectedGameTypeSet(gameType);
    }

    function _setGuardian(address newGuardian) internal {
        // INVARIANT: the chain is never without a guardian by mistake.
        require(newGuardian != address(0), AnchorStateRegistry_ZeroGuardian());
        emit GuardianTransferred(guardian, newGuardian);
        guardian = newGuardian;
    }
}
