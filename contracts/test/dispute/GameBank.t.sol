// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { BisectionGame } from "../../l1/dispute/BisectionGame.sol";
import { GameState, IBisectionGame } from "../../l1/dispute/IBisectionGame.sol";
import { Outcome } from "../../l1/dispute/IProposal.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { IStepVerifier } from "../../l1/step/IStepVerifier.sol";
import { Lie, View } from "./support/Claims.sol";
import { Match } from "./support/Match.sol";

/// @notice Who gets what. Everything that comes in is paid out or burned in the end.
contract GameBankTest is Match {
    uint256 internal constant GAME_GAS_PAY = 1_000_000 * GAS_PRICE;
    uint256 internal constant OPENING_PAY = 160_000 * GAS_PRICE;
    uint256 internal constant L2_BLOCK = 110;

    Proposal internal proposal;
    View internal lie;

    function setUp() public override {
        super.setUp();
        lie = lieAbout(Lie.OUTPUT, 105, 1, 42);
    }

    /// @dev Of what a loser put down: the winner's gas, and half of the rest.
    function share(uint256 lost) internal pure returns (uint256) {
        return GAME_GAS_PAY + (lost - GAME_GAS_PAY) / 2;
    }

    function requireSolvent() internal view {
        uint256 owed = game.credit(PROPOSER) + game.credit(CHALLENGER) + game.credit(STRANGER);
        vm.assertEq(address(game).balance, owed);
    }

    function wonByProposer() internal returns (bytes32 gameId) {
        proposal = proposeView(truth, L2_BLOCK);
        gameId = openGame(proposal, CHALLENGER, lie);
        playOut(gameId, lie, truth, 1);
    }

    function wonByChallenger() internal returns (bytes32 gameId) {
        proposal = proposeView(lie, L2_BLOCK);
        gameId = openGame(proposal, CHALLENGER, truth);
        playOut(gameId, truth, lie, 1);
    }

    function testALyingChallengerPays() public {
        game.settle(wonByProposer());
        vm.assertEq(game.credit(PROPOSER), STAKE + share(CHALLENGER_BOND));
        vm.assertEq(game.credit(CHALLENGER), 0);
        vm.assertEq(address(0).balance, CHALLENGER_BOND - share(CHALLENGER_BOND));
        pass(WINDOW);
        proposal.resolve();
        vm.assertEq(game.credit(PROPOSER), PROPOSAL_BOND + STAKE + share(CHALLENGER_BOND));
        requireSolvent();
    }

    function testALyingProposerPays() public {
        game.settle(wonByChallenger());
        uint256 fromGame = CHALLENGER_BOND + share(STAKE);
        vm.assertEq(game.credit(CHALLENGER), fromGame);
        proposal.resolve();
        vm.assertEq(game.credit(CHALLENGER), fromGame + PROPOSAL_BOND / 2);
        vm.assertEq(game.credit(PROPOSER), 0);
        vm.assertEq(address(0).balance, STAKE - share(STAKE) + PROPOSAL_BOND / 2);
        requireSolvent();
    }

    function testASilentProposerPaysForTheOpening() public {
        proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, truth);
        letTimeRunOut(gameId);
        game.settle(gameId);
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND + OPENING_PAY);
        proposal.resolve();
        uint256 reward = (PROPOSAL_BOND - OPENING_PAY) / 2;
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND + OPENING_PAY + reward);
        vm.assertEq(address(0).balance, PROPOSAL_BOND - OPENING_PAY - reward);
        requireSolvent();
    }

    /// @dev The main reward is the earliest opened winner's, even if a later one wins first.
    function testTheEarliestOpenedWinnerGetsTheMainReward() public {
        proposal = proposeView(lie, L2_BLOCK);
        bytes32 early = openGame(proposal, CHALLENGER, truth);
        bytes32 late = openGame(proposal, STRANGER, truth);
        playOut(late, truth, lie, 1);
        game.settle(late);
        proposal.resolve();
        vm.assertEq(game.credit(STRANGER), CHALLENGER_BOND + share(STAKE));
        playOut(early, truth, lie, 1);
        game.settle(early);
        vm.assertEq(game.standing(address(proposal)).winningGame, early);
        vm.assertEq(game.credit(STRANGER), CHALLENGER_BOND + share(STAKE));
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND + share(STAKE) + PROPOSAL_BOND / 2);
        requireSolvent();
    }

    /// @dev Once the proposal has fallen, a challenger leaves with bond and gas whenever it likes.
    function testOtherOpenChallengersGetBackBondAndGas() public {
        proposal = proposeView(lie, L2_BLOCK);
        bytes32 winner = openGame(proposal, CHALLENGER, truth);
        bytes32 answered = openGame(proposal, STRANGER, truth);
        bytes32 unanswered = openGame(proposal, GUARDIAN, truth);
        act(answered, lie);
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_WrongState.selector, GameState.RUNNING));
        vm.prank(STRANGER);
        game.settle(answered);
        playOut(winner, truth, lie, 1);
        game.settle(winner);
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_NotChallenger.selector, PROPOSER));
        vm.prank(PROPOSER);
        game.settle(answered);
        vm.prank(STRANGER);
        game.settle(answered);
        vm.assertEq(game.credit(STRANGER), CHALLENGER_BOND + GAME_GAS_PAY);
        vm.prank(GUARDIAN);
        game.settle(unanswered);
        vm.assertEq(game.credit(GUARDIAN), CHALLENGER_BOND + OPENING_PAY);
        proposal.resolve();
        vm.assertEq(game.credit(PROPOSER), 0);
        vm.assertEq(game.standing(address(proposal)).openGames, 0);
    }

    /// @dev A challenger that sleeps while its proposal falls elsewhere loses nothing, and blocks nobody.
    function testNoChallengerOfAFallenProposalLoses() public {
        proposal = proposeView(lie, L2_BLOCK);
        bytes32 winner = openGame(proposal, CHALLENGER, truth);
        bytes32 asleep = openGame(proposal, STRANGER, truth);
        act(asleep, lie);
        playOut(winner, truth, lie, 1);
        game.settle(winner);
        letTimeRunOut(asleep);
        vm.assertTrue(game.game(asleep).state == GameState.PROPOSER_WON);
        game.settle(asleep);
        vm.assertEq(game.credit(STRANGER), CHALLENGER_BOND + GAME_GAS_PAY);
        proposal.resolve();
        requireSolvent();
    }

    function testAFlagIsPaidBackWhereTheGuardianAgrees() public {
        proposal = proposeView(lieAbout(Lie.STATE, 105, 0, 0), L2_BLOCK);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.prank(GUARDIAN);
        proposal.rule(false);
        proposal.resolve();
        vm.assertEq(game.credit(STRANGER), FLAG_BOND + PROPOSAL_BOND / 2);
        vm.assertEq(game.credit(PROPOSER), 0);
        requireSolvent();
    }

    function testAWrongFlagCostsHalfToTheProposer() public {
        proposal = proposeView(truth, L2_BLOCK);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.prank(GUARDIAN);
        proposal.rule(true);
        pass(WINDOW);
        proposal.resolve();
        vm.assertEq(game.credit(STRANGER), 0);
        vm.assertEq(game.credit(PROPOSER), PROPOSAL_BOND + FLAG_BOND / 2);
        vm.assertEq(address(0).balance, FLAG_BOND / 2);
        requireSolvent();
    }

    function testWithoutARulingEverybodyGetsHisOwn() public {
        proposal = proposeView(truth, L2_BLOCK);
        bytes32 gameId = openGame(proposal, CHALLENGER, lie);
        act(gameId, truth);
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.warp(proposal.rulingDeadline() + 1);
        proposal.resolve();
        vm.assertTrue(proposal.outcome() == Outcome.LAPSED);
        game.settle(gameId);
        vm.assertEq(game.credit(STRANGER), FLAG_BOND);
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND);
        vm.assertEq(game.credit(PROPOSER), PROPOSAL_BOND + STAKE);
        vm.assertEq(address(0).balance, 0);
        requireSolvent();
    }

    /// @dev A game that was won but not paid out when the proposal lapsed still counts: the bond is not given back.
    function testALapseDoesNotSaveALiarWhoLost() public {
        bytes32 gameId = wonByChallenger();
        vm.prank(STRANGER);
        proposal.flag{ value: FLAG_BOND }();
        vm.warp(proposal.rulingDeadline() + 1);
        proposal.resolve();
        game.settle(gameId);
        vm.assertEq(game.credit(PROPOSER), 0);
        vm.assertEq(game.credit(CHALLENGER), CHALLENGER_BOND + share(STAKE) + PROPOSAL_BOND / 2);
        requireSolvent();
    }

    /// @dev A proposer who plays all sides loses at least half of its bond, however many games it opens against itself.
    /// forge-config: default.fuzz.runs = 40
    function testFuzzSelfChallengeNeverProfits(uint256 seed) public {
        uint256 count = 1 + seed % 40;
        proposal = propose(PROPOSER, bytes32("a lie"), ANCHOR_BLOCK + 1, 0);
        bytes32[] memory games = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            address sybil = address(uint160(0x5b11 + i));
            vm.deal(sybil, CHALLENGER_BOND);
            bytes32[] memory hashes = new bytes32[](1);
            hashes[0] = keccak256(abi.encode(seed, i));
            vm.prank(sybil);
            games[i] = game.open{ value: CHALLENGER_BOND }(address(proposal), hashes);
        }
        uint256 spent = PROPOSAL_BOND + count * CHALLENGER_BOND;
        vm.warp(block.timestamp + CLOCK + 1);
        for (uint256 i = 0; i < count; i++) {
            bool leaves = i > 0 && (seed >> i) & 1 == 1;
            if (!leaves) game.callTime(games[i]);
            vm.prank(address(uint160(0x5b11 + i)));
            game.settle(games[i]);
        }
        proposal.resolve();
        uint256 got = game.credit(PROPOSER);
        for (uint256 i = 0; i < count; i++) {
            got += game.credit(address(uint160(0x5b11 + i)));
        }
        vm.assertTrue(got < spent);
        // At least half of what the openings leave of its bond is burned, and they get a quarter of it at most.
        vm.assertTrue(spent - got >= (PROPOSAL_BOND - PROPOSAL_BOND / 4) / 2);
        vm.assertEq(address(game).balance, got);
    }

    /// @dev Losing games on purpose to oneself costs on either side.
    function testSelfChallengeInAWholeGameBurns() public {
        uint256 before = address(0).balance;
        game.settle(wonByProposer());
        uint256 burned = address(0).balance - before;
        vm.assertEq(burned, (CHALLENGER_BOND - GAME_GAS_PAY) / 2);
        vm.assertTrue(burned * 2 >= CHALLENGER_BOND - GAME_GAS_PAY);
    }

    function testCreditIsPaidOnceToItsOwner() public {
        game.settle(wonByProposer());
        uint256 owed = game.credit(PROPOSER);
        uint256 before = PROPOSER.balance;
        vm.prank(STRANGER);
        game.claimCredit(PROPOSER);
        vm.assertEq(PROPOSER.balance, before + owed);
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_NoCredit.selector, PROPOSER));
        game.claimCredit(PROPOSER);
    }

    /// @dev An account that does not take ether, or calls back, holds up nobody but itself.
    function testPullPaymentsHoldNobodyUp() public {
        Reluctant account = new Reluctant(game);
        vm.deal(address(account), CHALLENGER_BOND);
        proposal = proposeView(lie, L2_BLOCK);
        bytes32 gameId = openGame(proposal, address(account), truth);
        letTimeRunOut(gameId);
        game.settle(gameId);
        proposal.resolve();
        uint256 owed = game.credit(address(account));
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_TransferFailed.selector, address(account)));
        game.claimCredit(address(account));
        vm.assertEq(game.credit(address(account)), owed);
        account.consent();
        game.claimCredit(address(account));
        vm.assertEq(address(account).balance, owed);
        vm.assertTrue(account.calledBack());
    }

    function testBondsMustCoverTheWinnersGas() public {
        IStepVerifier[] memory none = new IStepVerifier[](0);
        BisectionGame.Config memory config = BisectionGame.Config(factory, CLOCK, GAME_GAS_PAY, STAKE, GAS_PRICE, none);
        expectBadConfig("challengerBond");
        new BisectionGame(config);
        config.challengerBond = CHALLENGER_BOND;
        config.proposerStake = GAME_GAS_PAY;
        expectBadConfig("proposerStake");
        new BisectionGame(config);
        config.proposerStake = STAKE;
        config.maxClockDuration = 0;
        expectBadConfig("maxClockDuration");
        new BisectionGame(config);
        config.maxClockDuration = CLOCK;
        config.stepVerifiers = new IStepVerifier[](2);
        (config.stepVerifiers[0], config.stepVerifiers[1]) = (verifier, verifier);
        expectBadConfig("stepVerifiers");
        new BisectionGame(config);
    }

    function expectBadConfig(string memory parameter) internal {
        vm.expectRevert(abi.encodeWithSelector(IBisectionGame.BisectionGame_BadConfig.selector, parameter));
    }

    function testPublishesTheCapitalForParallelGames() public view {
        vm.assertEq(game.capitalFor(0), 0);
        vm.assertEq(game.capitalFor(10), 10 * STAKE);
    }
}

/// @dev Refuses ether until it consents, and then tries to be paid twice.
contract Reluctant {
    IBisectionGame private immutable _game;
    bool private _consents;
    bool public calledBack;

    constructor(IBisectionGame game) {
        _game = game;
    }

    receive() external payable {
        require(_consents);
        try _game.claimCredit(address(this)) { }
        catch {
            calledBack = true;
        }
    }

    function consent() external {
        _consents = true;
    }
}
