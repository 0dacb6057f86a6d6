// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ModelRegistry } from "../l2/ModelRegistry.sol";
import { MODEL_REGISTRY } from "../shared/Constants.sol";
import { RegistryTest } from "./support/RegistryTest.sol";
import { RecordedLog } from "./support/Test.sol";

contract ModelRegistryRightsTest is RegistryTest {
    bytes internal constant GRAPH = "graph";
    bytes32 internal modelId;

    function setUp() public override {
        super.setUp();
        modelId = STORE.modelIdOf(GRAPH);
    }

    function testNeedsACommitmentOfTheCaller() public {
        commitTo(BOB, modelId);
        upload(ALICE, modelId, 0, GRAPH);
        nextBlock();
        bytes32 hash = REGISTRY.commitmentHash(ALICE, modelId, SALT);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentMissing.selector, hash));
        activate(ALICE, modelId, 1, 5);
    }

    function testACopiedCommitmentIsWorthNothing() public {
        bytes32 hash = REGISTRY.commitmentHash(ALICE, modelId, SALT);
        vm.prank(BOB);
        REGISTRY.commit(hash);
        upload(BOB, modelId, 0, GRAPH);
        nextBlock();
        bytes32 own = REGISTRY.commitmentHash(BOB, modelId, SALT);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentMissing.selector, own));
        activate(BOB, modelId, 1, 5);
        commitTo(ALICE, modelId);
        vm.assertEq(REGISTRY.getCommitment(ALICE, hash).sequence, 2);
    }

    function testCannotRevealInTheBlockOfTheCommitment() public {
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 0, GRAPH);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentTooNew.selector, block.number));
        activate(ALICE, modelId, 1, 5);
    }

    function testRevealsUntilTheLastSecond() public {
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 0, GRAPH);
        nextBlock();
        vm.warp(block.timestamp - 1 + REGISTRY.COMMITMENT_LIFETIME_SECONDS());
        activate(ALICE, modelId, 1, 5);
        vm.assertTrue(REGISTRY.isActive(modelId));
    }

    function testACommitmentExpires() public {
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 0, GRAPH);
        uint256 expiry = block.timestamp + REGISTRY.COMMITMENT_LIFETIME_SECONDS();
        nextBlock();
        vm.warp(expiry + 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentExpired.selector, expiry));
        activate(ALICE, modelId, 1, 5);
        // Made anew, it takes a later place.
        commitTo(ALICE, modelId);
        nextBlock();
        activate(ALICE, modelId, 1, 5);
        vm.assertEq(REGISTRY.getModel(modelId).rightsSequence, 2);
    }

    function testALiveCommitmentKeepsItsPlace() public {
        commitTo(ALICE, modelId);
        bytes32 hash = REGISTRY.commitmentHash(ALICE, modelId, SALT);
        vm.prank(ALICE);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentExists.selector, hash));
        REGISTRY.commit(hash);
        vm.assertEq(REGISTRY.getCommitment(ALICE, hash).sequence, 1);
    }

    function testTheEarlierCommitmentClaimsFromTheFasterUploader() public {
        commitTo(ALICE, modelId);
        register(BOB, GRAPH);
        vm.assertEq(REGISTRY.getModel(modelId).owner, BOB);
        vm.prank(BOB);
        REGISTRY.offerOwnership(modelId, address(0xdead));

        vm.expectEmit(MODEL_REGISTRY);
        emit ModelRegistry.OwnerChanged(modelId, BOB, ALICE);
        vm.prank(ALICE);
        REGISTRY.claim(modelId, SALT);
        vm.assertEq(REGISTRY.getModel(modelId).owner, ALICE);
        vm.assertEq(REGISTRY.getModel(modelId).pendingOwner, address(0));
        vm.assertTrue(REGISTRY.isActive(modelId));
    }

    function testALaterCommitmentClaimsNothing() public {
        commitTo(ALICE, modelId);
        commitTo(BOB, modelId);
        upload(ALICE, modelId, 0, GRAPH);
        nextBlock();
        activate(ALICE, modelId, 1, 5);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_NotEarlier.selector, 2, 1));
        vm.prank(BOB);
        REGISTRY.claim(modelId, SALT);
    }

    function testRightsBecomeFinal() public {
        commitTo(ALICE, modelId);
        nextBlock();
        register(BOB, GRAPH);
        vm.warp(REGISTRY.getModel(modelId).rightsFinalAt);
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_CommitmentExpired.selector, block.timestamp - 1)
        );
        vm.prank(ALICE);
        REGISTRY.claim(modelId, SALT);
    }

    function testNobodyClaimsAnInactiveModel() public {
        commitTo(ALICE, modelId);
        nextBlock();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_NotActive.selector, modelId));
        vm.prank(ALICE);
        REGISTRY.claim(modelId, SALT);
    }

    /// @dev Whoever activates first, the earlier committer ends up with the rights.
    function testFuzzTheEarliestCommitterWins(bool aliceCommitsFirst, bool aliceActivates) public {
        commitTo(aliceCommitsFirst ? ALICE : BOB, modelId);
        commitTo(aliceCommitsFirst ? BOB : ALICE, modelId);
        address activator = aliceActivates ? ALICE : BOB;
        address other = aliceActivates ? BOB : ALICE;
        upload(activator, modelId, 0, GRAPH);
        nextBlock();
        activate(activator, modelId, 1, 5);
        if (aliceCommitsFirst == aliceActivates) vm.expectRevert();
        vm.prank(other);
        REGISTRY.claim(modelId, SALT);
        vm.assertEq(REGISTRY.getModel(modelId).owner, aliceCommitsFirst ? ALICE : BOB);
    }
}

contract ModelRegistryOwnerTest is RegistryTest {
    bytes32 internal modelId;

    function setUp() public override {
        super.setUp();
        modelId = register(ALICE, "graph");
    }

    function testHandsOverInTwoSteps() public {
        vm.prank(ALICE);
        REGISTRY.offerOwnership(modelId, BOB);
        vm.assertEq(REGISTRY.getModel(modelId).owner, ALICE);
        vm.prank(BOB);
        REGISTRY.acceptOwnership(modelId);
        vm.assertEq(REGISTRY.getModel(modelId).owner, BOB);
        vm.assertEq(REGISTRY.getModel(modelId).pendingOwner, address(0));
    }

    function testAnOfferCanBeWithdrawn() public {
        vm.startPrank(ALICE);
        REGISTRY.offerOwnership(modelId, BOB);
        REGISTRY.offerOwnership(modelId, address(0));
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_NotPendingOwner.selector, modelId, BOB));
        vm.prank(BOB);
        REGISTRY.acceptOwnership(modelId);
    }

    function testFuzzOnlyTheOwnerActs(address stranger) public {
        vm.assume(stranger != ALICE);
        bytes memory reason = abi.encodeWithSelector(ModelRegistry.ModelRegistry_NotOwner.selector, modelId, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        REGISTRY.offerOwnership(modelId, stranger);
        vm.expectRevert(reason);
        REGISTRY.setMetadata(modelId, "x");
        vm.expectRevert(reason);
        REGISTRY.setDeprecated(modelId, true);
        vm.stopPrank();
    }

    function testChangesMetadata() public {
        vm.expectEmit(MODEL_REGISTRY);
        emit ModelRegistry.MetadataChanged(modelId, "ipfs://new");
        vm.prank(ALICE);
        REGISTRY.setMetadata(modelId, "ipfs://new");
        vm.assertEq(REGISTRY.getModel(modelId).metadataURI, "ipfs://new");
    }

    function testADeprecatedModelStaysActive() public {
        vm.prank(ALICE);
        REGISTRY.setDeprecated(modelId, true);
        vm.assertTrue(REGISTRY.getModel(modelId).deprecated);
        vm.assertTrue(REGISTRY.isActive(modelId));
        vm.prank(ALICE);
        REGISTRY.setDeprecated(modelId, false);
        vm.assertFalse(REGISTRY.getModel(modelId).deprecated);
    }

    function testCommitmentHashIsThatOfTheProtocol() public view {
        vm.assertEq(REGISTRY.commitmentHash(ALICE, modelId, SALT), keccak256(abi.encode(ALICE, modelId, SALT)));
    }

    function testEmitsWhatAnIndexerNeeds() public {
        vm.recordLogs();
        register(BOB, "other");
        RecordedLog[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 3);
        vm.assertEq(logs[0].topics[0], ModelRegistry.Committed.selector);
        vm.assertEq(logs[1].topics[0], ModelRegistry.ChunkUploaded.selector);
        vm.assertEq(logs[2].topics[0], ModelRegistry.ModelActivated.selector);
        vm.assertEq(logs[2].topics[1], STORE.modelIdOf("other"));
    }
}
