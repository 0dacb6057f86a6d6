// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Board, Boards } from "./Boards.sol";
import { GameState, IBisectionGame } from "./IBisectionGame.sol";
import { IDisputeGameFactory } from "./IDisputeGameFactory.sol";
import { IProposal, Outcome, Ruling } from "./IProposal.sol";

/// @title GameBank
/// @notice Holds every bond of proposals, flags and games, and pays them out once it is known who was right. What a liar loses is
///         paid to the other side only in part: at least half of what is left after the winner's gas is burned, so that nobody
///         gains by losing to himself.
abstract contract GameBank is IBisectionGame {
    using Boards for Board;

    /// @dev A game. `board` is packed by {Boards}; `subject` as in GameView.
    struct Game {
        uint256 board;
        bytes32 dissection;
        bytes32 subject;
        address challenger;
        uint32 index;
    }

    /// @dev What is known of a proposal. `winningGame`, `bond` and `flagBond` as in Standing; `paidOpenings` came out of the bond.
    struct Registered {
        address proposer;
        uint32 games;
        uint32 openGames;
        bool isConcluded;
        uint128 bond;
        uint128 paidOpenings;
        bytes32 winningGame;
        uint256 flagBond;
    }

    /// @dev Who gets what of a game. VOID: each its own.
    enum Ending {
        CHALLENGER_WINS,
        PROPOSER_WINS,
        PROPOSAL_FELL,
        VOID
    }

    /// @notice Gas of one side's moves in a whole game, for {gameCompensation}.
    uint256 public constant GAME_GAS = 1_000_000;
    /// @notice Gas of opening a game, for {openingCompensation}.
    uint256 public constant OPENING_GAS = 160_000;
    /// @dev Part of a fallen proposal's bond that pays for openings which the proposer never answered: one in so many.
    uint256 internal constant OPENINGS_SHARE = 4;

    /// @notice Where proposals are made.
    IDisputeGameFactory public immutable disputeGameFactory;
    /// @inheritdoc IBisectionGame
    uint256 public immutable challengerBond;
    /// @inheritdoc IBisectionGame
    uint256 public immutable proposerStake;
    /// @inheritdoc IBisectionGame
    uint256 public immutable gameCompensation;
    /// @inheritdoc IBisectionGame
    uint256 public immutable openingCompensation;

    /// @inheritdoc IBisectionGame
    mapping(address account => uint256 amountWei) public credit;
    mapping(bytes32 gameId => Game game) internal _games;
    mapping(address proposal => Registered record) internal _proposals;

    /// @param gasPriceWei The stated price of a winner's gas.
    constructor(IDisputeGameFactory factory, uint256 bondWei, uint256 stakeWei, uint256 gasPriceWei) {
        disputeGameFactory = factory;
        challengerBond = bondWei;
        proposerStake = stakeWei;
        gameCompensation = GAME_GAS * gasPriceWei;
        openingCompensation = OPENING_GAS * gasPriceWei;
        // INVARIANT: whoever loses pays for the winner's gas, and something is left to burn.
        require(bondWei > gameCompensation, BisectionGame_BadConfig("challengerBond"));
        require(stakeWei > gameCompensation, BisectionGame_BadConfig("proposerStake"));
    }

    /// @inheritdoc IBisectionGame
    function register(address proposer) external payable {
        IProposal proposal = IProposal(msg.sender);
        (address listed,) = disputeGameFactory.games(proposal.gameType(), proposal.rootClaim(), proposal.extraData());
        // INVARIANT: only what the factory made can be challenged, and only once does it pay its bond.
        require(listed == msg.sender, BisectionGame_UnknownProposal(msg.sender));
        Registered storage record = _proposals[msg.sender];
        require(record.proposer == address(0), BisectionGame_AlreadyRegistered(msg.sender));
        record.proposer = proposer;
        record.bond = uint128(msg.value);
        emit ProposalRegistered(msg.sender, proposer, msg.value);
    }

    /// @inheritdoc IBisectionGame
    function depositFlagBond() external payable {
        _registered(msg.sender).flagBond += msg.value;
    }

    /// @inheritdoc IBisectionGame
    function conclude() external {
        Registered storage record = _registered(msg.sender);
        // INVARIANT: a proposal is paid out once.
        require(!record.isConcluded, BisectionGame_ProposalResolved(msg.sender));
        record.isConcluded = true;
        _settleProposal(msg.sender, record);
    }

    /// @inheritdoc IBisectionGame
    function settle(bytes32 gameId) external {
        Game storage entry = _games[gameId];
        Board memory board = Boards.unpack(entry.board);
        address proposal = _proposalOf(gameId);
        Registered storage record = _proposals[proposal];
        Ending ending = _endingOf(entry, board, IProposal(proposal), record);
        board.state = GameState.SETTLED;
        entry.board = board.pack();
        record.openGames--;
        if (ending == Ending.CHALLENGER_WINS) _countWin(gameId, entry.index, record);
        _payGame(gameId, ending, board.isStaked, record);
        _settleProposal(proposal, record);
    }

    /// @inheritdoc IBisectionGame
    function claimCredit(address account) external {
        uint256 amount = credit[account];
        require(amount > 0, BisectionGame_NoCredit(account));
        // INVARIANT: what is owed is paid once, whatever the account does when it is paid.
        credit[account] = 0;
        emit CreditClaimed(account, amount);
        (bool success,) = account.call{ value: amount }("");
        require(success, BisectionGame_TransferFailed(account));
    }

    /// @inheritdoc IBisectionGame
    function standing(address proposal) external view returns (Standing memory) {
        Registered storage record = _proposals[proposal];
        return Standing(record.games, record.openGames, record.winningGame, record.bond);
    }

    /// @inheritdoc IBisectionGame
    function capitalFor(uint256 games) external view returns (uint256) {
        return games * proposerStake;
    }

    /// @dev The proposal that a game is about: the first 20 bytes of its id.
    function _proposalOf(bytes32 gameId) internal pure returns (address) {
        return address(bytes20(gameId));
    }

    function _registered(address proposal) internal view returns (Registered storage record) {
        record = _proposals[proposal];
        // INVARIANT: only proposals of the factory have games, bonds and flags here.
        require(record.proposer != address(0), BisectionGame_UnknownProposal(proposal));
    }

    /// @dev How a game ends that is settled now; reverts where it is too early.
    function _endingOf(Game storage entry, Board memory board, IProposal proposal, Registered storage record)
        private
        view
        returns (Ending)
    {
        // INVARIANT: a game is paid out once.
        require(
            board.state != GameState.NONE && board.state != GameState.SETTLED, BisectionGame_WrongState(board.state)
        );
        if (board.state == GameState.CHALLENGER_WON) return Ending.CHALLENGER_WINS;
        Outcome outcome = proposal.outcome();
        bool hasFallen = record.winningGame != 0 || outcome == Outcome.PROVEN_FALSE || outcome == Outcome.RULED_FALSE;
        if (board.state == GameState.ESCALATED) return _rulingOn(proposal, hasFallen, outcome);
        // INVARIANT: once a proposal has proved false, no challenger of it loses anything.
        if (board.state == GameState.PROPOSER_WON) return hasFallen ? Ending.PROPOSAL_FELL : Ending.PROPOSER_WINS;
        if (outcome == Outcome.LAPSED) return Ending.VOID;
        // INVARIANT: a running game is given up only by its challenger, who may still win the main reward in it.
        require(hasFallen, BisectionGame_WrongState(board.state));
        require(msg.sender == entry.challenger, BisectionGame_NotChallenger(msg.sender));
        return Ending.PROPOSAL_FELL;
    }

    /// @dev How a game ends whose challenger asked for the guardian's ruling.
    function _rulingOn(IProposal proposal, bool hasFallen, Outcome outcome) private view returns (Ending) {
        Ruling ruling = proposal.ruling();
        if (ruling == Ruling.INVALID) return Ending.CHALLENGER_WINS;
        if (hasFallen) return Ending.PROPOSAL_FELL;
        if (outcome == Outcome.LAPSED) return Ending.VOID;
        require(ruling == Ruling.VALID, BisectionGame_AwaitsRuling());
        return Ending.PROPOSER_WINS;
    }

    /// @dev Keeps the earliest opened of the games that challengers won: the main reward goes there.
    function _countWin(bytes32 gameId, uint32 index, Registered storage record) private {
        bytes32 winner = record.winningGame;
        if (winner == 0 || index < _games[winner].index) record.winningGame = gameId;
    }

    function _payGame(bytes32 gameId, Ending ending, bool isStaked, Registered storage record) private {
        uint256 stake = isStaked ? proposerStake : 0;
        uint256 toChallenger = 0;
        uint256 toProposer = 0;
        if (ending == Ending.CHALLENGER_WINS) {
            toChallenger = challengerBond + _winnersShare(stake);
        } else if (ending == Ending.PROPOSER_WINS) {
            toProposer = stake + _winnersShare(challengerBond);
        } else if (ending == Ending.PROPOSAL_FELL) {
            // A stake covers the compensation: the constructor saw to it.
            toChallenger = challengerBond + (isStaked ? gameCompensation : 0);
        } else {
            toChallenger = challengerBond;
            toProposer = stake;
        }
        uint256 burned = challengerBond + stake - toChallenger - toProposer;
        bool isOwedOpening = ending == Ending.CHALLENGER_WINS || ending == Ending.PROPOSAL_FELL;
        if (isOwedOpening && !isStaked) toChallenger += _takeOpening(record);
        credit[_games[gameId].challenger] += toChallenger;
        credit[record.proposer] += toProposer;
        _burn(burned);
        emit GameSettled(gameId, toChallenger, toProposer, burned);
    }

    /// @dev Of what the other side lost: the winner's gas, and half of the rest.
    function _winnersShare(uint256 lost) private view returns (uint256) {
        return lost == 0 ? 0 : gameCompensation + (lost - gameCompensation) / 2;
    }

    /// @dev Gas of opening a game that the proposer left unanswered, out of the proposal's bond; nothing where that part is used up.
    function _takeOpening(Registered storage record) private returns (uint256 amount) {
        uint256 left = record.bond / OPENINGS_SHARE - record.paidOpenings;
        amount = left < openingCompensation ? left : openingCompensation;
        record.paidOpenings += uint128(amount);
    }

    /// @dev Pays a proposal's bonds once it is resolved and its last game is settled.
    function _settleProposal(address proposal, Registered storage record) private {
        if (!record.isConcluded || record.openGames > 0) return;
        Outcome outcome = IProposal(proposal).outcome();
        (address beneficiary, uint256 paid, uint256 burned) = _bondOf(proposal, outcome, record);
        if (record.flagBond > 0) burned += _payFlag(proposal, outcome, record);
        record.bond = 0;
        record.paidOpenings = 0;
        credit[beneficiary] += paid;
        _burn(burned);
        emit ProposalSettled(proposal, beneficiary, paid, burned);
    }

    /// @dev Who gets the proposal's bond: the proposer of one that stood or lapsed, else half for who brought it down.
    function _bondOf(address proposal, Outcome outcome, Registered storage record)
        private
        view
        returns (address beneficiary, uint256 paid, uint256 burned)
    {
        uint256 left = record.bond - record.paidOpenings;
        bytes32 winner = record.winningGame;
        if (winner == 0 && outcome != Outcome.RULED_FALSE) return (record.proposer, left, 0);
        beneficiary = winner != 0 ? _games[winner].challenger : IProposal(proposal).flagger();
        paid = left / 2;
        burned = left - paid;
    }

    /// @dev Gives a flag's bond back, unless the proposal stood: then half goes to its proposer. Returns what is to be burned.
    function _payFlag(address proposal, Outcome outcome, Registered storage record) private returns (uint256 burned) {
        uint256 amount = record.flagBond;
        record.flagBond = 0;
        if (outcome == Outcome.UPHELD) {
            burned = amount - amount / 2;
            credit[record.proposer] += amount / 2;
        } else {
            credit[IProposal(proposal).flagger()] += amount;
        }
    }

    function _burn(uint256 amount) private {
        if (amount == 0) return;
        (bool success,) = address(0).call{ value: amount }("");
        // INVARIANT: what is burned is gone.
        require(success, BisectionGame_TransferFailed(address(0)));
    }
}
