// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { AnchorStateRegistry } from "../../../l1/dispute/AnchorStateRegistry.sol";
import { BisectionGame } from "../../../l1/dispute/BisectionGame.sol";
import { DisputeGameFactory } from "../../../l1/dispute/DisputeGameFactory.sol";
import { Proposal } from "../../../l1/dispute/Proposal.sol";
import { IStepVerifier } from "../../../l1/step/IStepVerifier.sol";
import { Test } from "../../support/Test.sol";
import { Claims, Lie, View, World } from "./Claims.sol";
import { MockProgram, MockStepVerifier } from "./MockStepVerifier.sol";

/// @title DisputeTest
/// @notice All contracts of a dispute on L1 with small parameters, a world to dispute about, and the people.
abstract contract DisputeTest is Test {
    uint32 internal constant GAME_TYPE = 7007;
    uint32 internal constant CLOCK = 1000;
    uint64 internal constant WINDOW = 2000;
    uint64 internal constant RULING_PERIOD = 500;
    uint256 internal constant AIR_GAP = 300;
    uint256 internal constant CHALLENGER_BOND = 1 ether;
    uint256 internal constant STAKE = 0.5 ether;
    uint256 internal constant PROPOSAL_BOND = 4 ether;
    uint256 internal constant FLAG_BOND = 2 ether;
    uint256 internal constant GAS_PRICE = 20 gwei;
    uint256 internal constant ANCHOR_BLOCK = 100;

    address internal constant GUARDIAN = address(0x6a2d);
    address internal constant PROPOSER = address(0x9209);
    address internal constant CHALLENGER = address(0xc4a1);
    address internal constant STRANGER = address(0x5724);

    DisputeGameFactory internal factory;
    AnchorStateRegistry internal registry;
    BisectionGame internal game;
    MockStepVerifier internal verifier;
    Claims internal claims;
    World internal world;
    View internal truth;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.roll(1000);
        verifier = new MockStepVerifier(1);
        claims = new Claims(verifier);
        world = World(3, MockProgram(100, 0));
        factory = new DisputeGameFactory(GUARDIAN);
        address[] memory proposers = new address[](1);
        proposers[0] = PROPOSER;
        bytes32 startRoot = claims.rootAt(world, truth, ANCHOR_BLOCK);
        registry = new AnchorStateRegistry(GUARDIAN, factory, GAME_TYPE, AIR_GAP, startRoot, ANCHOR_BLOCK, proposers);
        IStepVerifier[] memory verifiers = new IStepVerifier[](1);
        verifiers[0] = verifier;
        game = new BisectionGame(BisectionGame.Config(factory, CLOCK, CHALLENGER_BOND, STAKE, GAS_PRICE, verifiers));
        Proposal implementation =
            new Proposal(Proposal.Config(GAME_TYPE, registry, game, WINDOW, RULING_PERIOD, FLAG_BOND));
        vm.startPrank(GUARDIAN);
        factory.setImplementation(GAME_TYPE, address(implementation));
        factory.setInitBond(GAME_TYPE, PROPOSAL_BOND);
        vm.stopPrank();
        address[4] memory people = [GUARDIAN, PROPOSER, CHALLENGER, STRANGER];
        for (uint256 i = 0; i < people.length; i++) {
            vm.deal(people[i], 1_000_000 ether);
        }
    }

    function extraDataOf(uint256 l2Block, address proposer, uint256 salt) internal pure returns (bytes memory) {
        return abi.encode(l2Block, proposer, bytes32(salt));
    }

    function propose(address proposer, bytes32 root, uint256 l2Block, uint256 salt) internal returns (Proposal) {
        bytes memory extraData = extraDataOf(l2Block, proposer, salt);
        vm.prank(proposer);
        return Proposal(factory.create{ value: PROPOSAL_BOND }(GAME_TYPE, root, extraData));
    }

    /// @dev A proposal of what somebody holds true.
    function proposeView(View memory v, uint256 l2Block) internal returns (Proposal) {
        return propose(PROPOSER, claims.rootAt(world, v, l2Block), l2Block, 0);
    }

    function lieAbout(Lie lie, uint256 lieBlock, uint256 lieRecord, uint256 lieStep)
        internal
        pure
        returns (View memory)
    {
        return View(lie, lieBlock, lieRecord, lieStep, 1);
    }

    function pass(uint256 secondsPassed) internal {
        vm.warp(block.timestamp + secondsPassed);
        vm.roll(block.number + 1);
    }
}
