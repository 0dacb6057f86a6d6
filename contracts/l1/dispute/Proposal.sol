// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { CloneWithArgs } from "./CloneWithArgs.sol";
import { IAnchorStateRegistry } from "./IAnchorStateRegistry.sol";
import { IBisectionGame } from "./IBisectionGame.sol";
import { GameStatus, IDisputeGame } from "./IDisputeGame.sol";
import { IProposal, Outcome, Ruling } from "./IProposal.sol";

/// @title Proposal
/// @notice See {IProposal}. Each proposal is a proxy that the factory makes; creator, claim, L1 block and extra data are its
///         immutable arguments, everything else is the same for all and lies in this implementation.
contract Proposal is IProposal {
    /// @notice Parameters that all proposals of this implementation share; times in seconds, the bond in wei.
    struct Config {
        uint32 gameType;
        IAnchorStateRegistry anchorStateRegistry;
        IBisectionGame bisectionGame;
        uint64 challengeWindow;
        uint64 rulingPeriod;
        uint256 flagBond;
    }

    /// @dev Extra data: abi.encode(uint256 l2Block, address proposer, bytes32 salt).
    uint256 private constant EXTRA_DATA_BYTES = 96;
    /// @dev Places of the arguments, in words.
    uint256 private constant CREATOR_WORD = 0;
    uint256 private constant ROOT_CLAIM_WORD = 1;
    uint256 private constant L1_HEAD_WORD = 2;
    uint256 private constant L2_BLOCK_WORD = 3;
    uint256 private constant PROPOSER_WORD = 4;
    uint256 private constant SALT_WORD = 5;
    uint256 private constant ARGS_BYTES = 96 + EXTRA_DATA_BYTES;
    /// @dev Positions of a game have 40 bits.
    uint256 private constant MAX_L2_BLOCK = type(uint40).max;

    /// @inheritdoc IDisputeGame
    uint32 public immutable gameType;
    /// @inheritdoc IProposal
    IAnchorStateRegistry public immutable anchorStateRegistry;
    /// @inheritdoc IProposal
    IBisectionGame public immutable bisectionGame;
    /// @inheritdoc IProposal
    uint64 public immutable challengeWindow;
    /// @inheritdoc IProposal
    uint64 public immutable rulingPeriod;
    /// @inheritdoc IProposal
    uint256 public immutable flagBond;

    /// @inheritdoc IDisputeGame
    uint64 public createdAt;
    /// @inheritdoc IDisputeGame
    uint64 public resolvedAt;
    uint64 private _startBlock;
    /// @inheritdoc IProposal
    Outcome public outcome;
    /// @inheritdoc IProposal
    Ruling public ruling;
    /// @inheritdoc IDisputeGame
    bool public wasRespectedGameTypeWhenCreated;
    /// @inheritdoc IProposal
    bytes32 public startingRootHash;
    /// @inheritdoc IProposal
    address public flagger;
    /// @inheritdoc IProposal
    uint64 public rulingDeadline;

    modifier whileUnresolved() {
        // INVARIANT: nothing changes a proposal that is resolved.
        require(outcome == Outcome.PENDING, Proposal_Resolved());
        _;
    }

    constructor(Config memory config) {
        gameType = config.gameType;
        anchorStateRegistry = config.anchorStateRegistry;
        bisectionGame = config.bisectionGame;
        challengeWindow = config.challengeWindow;
        rulingPeriod = config.rulingPeriod;
        flagBond = config.flagBond;
    }

    /// @inheritdoc IDisputeGame
    function initialize() external payable {
        // INVARIANT: a proposal is what the factory made, and is set up once.
        require(msg.sender == address(anchorStateRegistry.disputeGameFactory()), Proposal_NotFactory(msg.sender));
        require(createdAt == 0, Proposal_Initialized());
        // INVARIANT: equal claims have equal bytes.
        require(
            CloneWithArgs.length() == ARGS_BYTES && uint256(CloneWithArgs.wordAt(PROPOSER_WORD)) >> 160 == 0,
            Proposal_BadExtraData()
        );
        // INVARIANT: nobody proposes in another's name, so equal roots of different proposers stand side by side.
        require(proposer() == gameCreator(), Proposal_NotProposer(proposer(), gameCreator()));
        require(anchorStateRegistry.isProposerAllowed(proposer()), Proposal_ProposerNotAllowed(proposer()));
        (bytes32 anchorRoot, uint256 anchorBlock) = anchorStateRegistry.getAnchorRoot();
        uint256 l2Block = l2SequenceNumber();
        // INVARIANT: there is a block to be wrong about, and the game can count to it.
        require(l2Block > anchorBlock && l2Block <= MAX_L2_BLOCK, Proposal_BlockOutOfRange(l2Block, anchorBlock));
        createdAt = uint64(block.timestamp);
        _startBlock = uint64(anchorBlock);
        startingRootHash = anchorRoot;
        wasRespectedGameTypeWhenCreated = anchorStateRegistry.respectedGameType() == gameType;
        bisectionGame.register{ value: msg.value }(proposer());
    }

    /// @inheritdoc IProposal
    function flag() external payable whileUnresolved {
        require(msg.value == flagBond, Proposal_WrongFlagBond(flagBond, msg.value));
        // INVARIANT: the window bounds when a proposal can be held up.
        require(block.timestamp < windowClosesAt(), Proposal_WindowClosed(windowClosesAt()));
        // INVARIANT: one flag brings one ruling.
        require(flagger == address(0), Proposal_AlreadyFlagged(flagger));
        _raiseFlag(msg.sender, false);
        bisectionGame.depositFlagBond{ value: msg.value }();
    }

    /// @inheritdoc IProposal
    function flagFor(address challenger) external whileUnresolved {
        require(msg.sender == address(bisectionGame), Proposal_NotGame(msg.sender));
        // A flag or a ruling that is there already serves this challenger too.
        if (flagger == address(0)) _raiseFlag(challenger, true);
    }

    /// @inheritdoc IProposal
    function rule(bool isValid) external whileUnresolved {
        require(msg.sender == anchorStateRegistry.guardian(), Proposal_NotGuardian(msg.sender));
        require(flagger != address(0), Proposal_NotFlagged());
        // INVARIANT: a ruling is final.
        require(ruling == Ruling.NONE, Proposal_AlreadyRuled(ruling));
        require(block.timestamp <= rulingDeadline, Proposal_RulingLate(rulingDeadline));
        ruling = isValid ? Ruling.VALID : Ruling.INVALID;
        emit Ruled(ruling);
    }

    /// @inheritdoc IDisputeGame
    function resolve() external whileUnresolved returns (GameStatus) {
        outcome = _decide();
        resolvedAt = uint64(block.timestamp);
        bisectionGame.conclude();
        emit Resolved(status());
        return status();
    }

    /// @inheritdoc IProposal
    function challengeable() external view returns (Challengeable memory) {
        return Challengeable({
            startBlock: _startBlock,
            startRoot: startingRootHash,
            endBlock: uint64(l2SequenceNumber()),
            endRoot: rootClaim(),
            closesAt: windowClosesAt(),
            isOpen: outcome == Outcome.PENDING
        });
    }

    /// @inheritdoc IProposal
    function startingBlockNumber() external view returns (uint256) {
        return _startBlock;
    }

    /// @inheritdoc IProposal
    function maxClockDuration() external view returns (uint64) {
        return bisectionGame.maxClockDuration();
    }

    /// @inheritdoc IDisputeGame
    function gameData() external view returns (uint32, bytes32, bytes memory) {
        return (gameType, rootClaim(), extraData());
    }

    /// @inheritdoc IDisputeGame
    function l1Head() external view returns (bytes32) {
        return CloneWithArgs.wordAt(L1_HEAD_WORD);
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "1.0.0";
    }

    /// @inheritdoc IDisputeGame
    function status() public view returns (GameStatus) {
        if (outcome == Outcome.PENDING) return GameStatus.IN_PROGRESS;
        return outcome == Outcome.UPHELD ? GameStatus.DEFENDER_WINS : GameStatus.CHALLENGER_WINS;
    }

    /// @inheritdoc IDisputeGame
    function gameCreator() public view returns (address) {
        return address(uint160(uint256(CloneWithArgs.wordAt(CREATOR_WORD))));
    }

    /// @inheritdoc IDisputeGame
    function rootClaim() public view returns (bytes32) {
        return CloneWithArgs.wordAt(ROOT_CLAIM_WORD);
    }

    /// @inheritdoc IDisputeGame
    function l2SequenceNumber() public view returns (uint256) {
        return uint256(CloneWithArgs.wordAt(L2_BLOCK_WORD));
    }

    /// @inheritdoc IDisputeGame
    function extraData() public view returns (bytes memory) {
        return abi.encode(l2SequenceNumber(), proposer(), CloneWithArgs.wordAt(SALT_WORD));
    }

    /// @inheritdoc IProposal
    function proposer() public view returns (address) {
        return address(uint160(uint256(CloneWithArgs.wordAt(PROPOSER_WORD))));
    }

    /// @inheritdoc IProposal
    function windowClosesAt() public view returns (uint64) {
        return createdAt + challengeWindow;
    }

    function _raiseFlag(address by, bool viaGame) internal {
        flagger = by;
        rulingDeadline = uint64(block.timestamp) + rulingPeriod;
        emit Flagged(by, rulingDeadline, viaGame);
    }

    /// @dev What the proposal's fate is now; reverts while that is open.
    function _decide() internal view returns (Outcome) {
        IBisectionGame.Standing memory standing = bisectionGame.standing(address(this));
        // INVARIANT: one challenger who wins is enough.
        if (standing.winningGame != 0) return Outcome.PROVEN_FALSE;
        if (ruling == Ruling.INVALID) return Outcome.RULED_FALSE;
        if (flagger != address(0) && ruling == Ruling.NONE) {
            // INVARIANT: a flag that the guardian leaves unanswered does not make a proposal true.
            require(block.timestamp > rulingDeadline, Proposal_AwaitsRuling(rulingDeadline));
            return Outcome.LAPSED;
        }
        // INVARIANT: everyone had time to object, and every objection was heard.
        require(block.timestamp >= windowClosesAt(), Proposal_WindowOpen(windowClosesAt()));
        require(standing.openGames == 0, Proposal_GamesOpen(standing.openGames));
        return Outcome.UPHELD;
    }
}
