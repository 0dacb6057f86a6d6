// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { GameState, IBisectionGame, Rung } from "../../l1/dispute/IBisectionGame.sol";
import { GameStatus } from "../../l1/dispute/IDisputeGame.sol";
import { Outcome, Ruling } from "../../l1/dispute/IProposal.sol";
import { Proposal } from "../../l1/dispute/Proposal.sol";
import { Test } from "../support/Test.sol";
import { Lie, View, World } from "./support/Claims.sol";
import { MockProgram } from "./support/MockStepVerifier.sol";
import { RandomMatch } from "./support/RandomMatch.sol";

/// @title Crowd
/// @notice Random people who propose, challenge, flag, play, sleep, rule, settle and collect, in any order.
contract Crowd is RandomMatch {
    Proposal[] internal _list;
    bytes32[] internal _open;
    mapping(address proposal => View) internal _viewOf;
    mapping(bytes32 gameId => View) internal _challengerOf;
    mapping(bytes32 gameId => uint256 openedAt) internal _openedAt;

    constructor() {
        setUp();
        world = World(3, MockProgram(200, 0));
    }

    function proposeSomething(uint256 seed) external {
        seedRandom(seed);
        if (_list.length >= 6) return;
        View memory v = random(2) == 0 ? truth : randomView();
        uint256 l2Block = ANCHOR_BLOCK + 6;
        Proposal proposal = propose(PROPOSER, claims.rootAt(world, v, l2Block), l2Block, _list.length);
        _list.push(proposal);
        _viewOf[address(proposal)] = v;
    }

    function challenge(uint256 seed) external {
        seedRandom(seed);
        Proposal proposal = anyProposal();
        if (address(proposal) == address(0)) return;
        View memory v = random(2) == 0 ? truth : randomView();
        try this.openFromOutside(proposal, person(), v) returns (bytes32 gameId) {
            _open.push(gameId);
            _challengerOf[gameId] = v;
            _openedAt[gameId] = block.timestamp;
        } catch { }
    }

    function openFromOutside(Proposal proposal, address challenger, View memory v) external returns (bytes32) {
        return openGame(proposal, challenger, v);
    }

    function play(uint256 seed) external {
        seedRandom(seed);
        if (_open.length == 0) return;
        bytes32 gameId = _open[random(_open.length)];
        IBisectionGame.GameView memory g = game.game(gameId);
        if (g.state != GameState.RUNNING || block.timestamp > game.deadline(gameId)) return;
        actSomehow(gameId, g.challengersTurn ? _challengerOf[gameId] : _viewOf[g.proposal]);
    }

    function playMore(uint256 seed) external {
        for (uint256 i = 0; i < 6; i++) {
            this.play(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function sleep(uint256 seed) external {
        pass(seed % 700);
    }

    function callTime(uint256 seed) external {
        seedRandom(seed);
        if (_open.length == 0) return;
        try game.callTime(_open[random(_open.length)]) { } catch { }
    }

    function settle(uint256 seed) external {
        seedRandom(seed);
        if (_open.length == 0) return;
        vm.prank(person());
        try game.settle(_open[random(_open.length)]) { } catch { }
    }

    function flag(uint256 seed) external {
        seedRandom(seed);
        Proposal proposal = anyProposal();
        if (address(proposal) == address(0) || random(3) > 0) return;
        vm.prank(person());
        try proposal.flag{ value: FLAG_BOND }() { } catch { }
    }

    function rule(uint256 seed) external {
        seedRandom(seed);
        Proposal proposal = anyProposal();
        if (address(proposal) == address(0)) return;
        bool isTrue = _viewOf[address(proposal)].lie == Lie.NONE;
        vm.prank(GUARDIAN);
        try proposal.rule(isTrue) { } catch { }
    }

    function resolve(uint256 seed) external {
        seedRandom(seed);
        Proposal proposal = anyProposal();
        if (address(proposal) == address(0)) return;
        try proposal.resolve() { } catch { }
    }

    function collect(uint256 seed) external {
        seedRandom(seed);
        try game.claimCredit(person()) { } catch { }
    }

    /// @dev All that the game contract owes or holds for somebody, in wei.
    function obligations() external view returns (uint256 sum) {
        address[4] memory all = [PROPOSER, CHALLENGER, STRANGER, GUARDIAN];
        for (uint256 i = 0; i < all.length; i++) {
            sum += game.credit(all[i]);
        }
        for (uint256 i = 0; i < _open.length; i++) {
            IBisectionGame.GameView memory g = game.game(_open[i]);
            if (g.state != GameState.SETTLED) sum += CHALLENGER_BOND + (g.isStaked ? STAKE : 0);
        }
    }

    /// @dev Bonds of proposals and flags that are still held; at most, since openings may have been paid from them.
    function bondsHeld() external view returns (uint256 least, uint256 most) {
        for (uint256 i = 0; i < _list.length; i++) {
            uint256 bond = game.standing(address(_list[i])).bond;
            least += bond - bond / 4;
            most += bond;
            bool isFlagHeld = bond > 0 && _list[i].flagger() != address(0);
            if (isFlagHeld) most += FLAG_BOND;
        }
    }

    function balance() external view returns (uint256) {
        return address(game).balance;
    }

    /// @dev Everybody goes home: whatever still runs, runs out; all is settled, resolved and collected.
    function goHome() external {
        vm.warp(block.timestamp + WINDOW + RULING_PERIOD + 2 * uint256(CLOCK) + 2);
        for (uint256 i = 0; i < _open.length; i++) {
            if (game.game(_open[i]).state == GameState.RUNNING) game.callTime(_open[i]);
        }
        // An escalated game waits for its proposal, and the proposal for its games: two rounds serve both.
        for (uint256 round = 0; round < 2; round++) {
            settleAll();
            for (uint256 i = 0; i < _list.length; i++) {
                if (_list[i].status() == GameStatus.IN_PROGRESS) tryResolve(_list[i]);
            }
        }
        address[4] memory all = [PROPOSER, CHALLENGER, STRANGER, GUARDIAN];
        for (uint256 i = 0; i < all.length; i++) {
            if (game.credit(all[i]) > 0) game.claimCredit(all[i]);
        }
    }

    function settleAll() private {
        for (uint256 i = 0; i < _open.length; i++) {
            GameState state = game.game(_open[i]).state;
            if (state != GameState.SETTLED) try game.settle(_open[i]) { } catch { }
        }
    }

    function tryResolve(Proposal proposal) private {
        try proposal.resolve() { } catch { }
    }

    function requireAllDone() external view {
        for (uint256 i = 0; i < _open.length; i++) {
            require(game.game(_open[i]).state == GameState.SETTLED, "a game is not settled");
        }
        for (uint256 i = 0; i < _list.length; i++) {
            require(_list[i].status() != GameStatus.IN_PROGRESS, "a proposal is not resolved");
        }
    }

    /// @dev No game is undecided after both its clocks, once somebody calls time.
    function requireGamesEndInTime() external {
        for (uint256 i = 0; i < _open.length; i++) {
            bool isOver = block.timestamp > _openedAt[_open[i]] + 2 * uint256(CLOCK);
            if (!isOver || game.game(_open[i]).state != GameState.RUNNING) continue;
            game.callTime(_open[i]);
        }
    }

    function requireVerdictsAreRight() external view {
        for (uint256 i = 0; i < _list.length; i++) {
            bool isTrue = _viewOf[address(_list[i])].lie == Lie.NONE;
            Outcome outcome = _list[i].outcome();
            require(!isTrue || outcome != Outcome.RULED_FALSE, "the guardian's ruling was ignored");
            require(isTrue || _list[i].ruling() != Ruling.VALID, "the guardian erred");
        }
    }

    function anyProposal() private returns (Proposal) {
        return _list.length == 0 ? Proposal(address(0)) : _list[random(_list.length)];
    }

    function person() private returns (address) {
        address[4] memory all = [PROPOSER, CHALLENGER, STRANGER, GUARDIAN];
        return all[random(4)];
    }
}

/// @notice Whatever a crowd does, the ether adds up, games end, and nothing is stuck when all is over.
contract DisputeInvariantsTest is Test {
    Crowd internal crowd;

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    function setUp() public {
        crowd = new Crowd();
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(crowd);
    }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[] memory selectors = new bytes4[](12);
        selectors[0] = Crowd.proposeSomething.selector;
        selectors[1] = Crowd.challenge.selector;
        selectors[2] = Crowd.challenge.selector;
        selectors[3] = Crowd.playMore.selector;
        selectors[4] = Crowd.playMore.selector;
        selectors[5] = Crowd.sleep.selector;
        selectors[6] = Crowd.callTime.selector;
        selectors[7] = Crowd.settle.selector;
        selectors[8] = Crowd.flag.selector;
        selectors[9] = Crowd.rule.selector;
        selectors[10] = Crowd.resolve.selector;
        selectors[11] = Crowd.collect.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(crowd), selectors);
    }

    /// forge-config: default.invariant.runs = 24
    /// forge-config: default.invariant.depth = 60
    /// forge-config: default.invariant.fail-on-revert = true
    function invariantTheEtherAddsUp() public {
        (uint256 least, uint256 most) = crowd.bondsHeld();
        uint256 owed = crowd.obligations();
        uint256 balance = crowd.balance();
        vm.assertTrue(balance >= owed + least && balance <= owed + most);
        crowd.requireVerdictsAreRight();
        crowd.requireGamesEndInTime();
    }

    /// @dev Runs once at the end of each sequence.
    function afterInvariant() public {
        crowd.goHome();
        crowd.requireAllDone();
        vm.assertEq(crowd.balance(), 0);
    }
}
