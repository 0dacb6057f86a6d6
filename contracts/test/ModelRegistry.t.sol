// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IModelStoreErrors } from "../l2/IModelStore.sol";
import { ModelRegistry } from "../l2/ModelRegistry.sol";
import { MODEL_REGISTRY } from "../shared/Constants.sol";
import { RegistryTest } from "./support/RegistryTest.sol";

contract ModelRegistryActivationTest is RegistryTest {
    function testActivatesAnUploadedModel() public {
        bytes32 modelId = STORE.modelIdOf("one two three");
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 0, "one ");
        upload(ALICE, modelId, 1, "two ");
        upload(ALICE, modelId, 2, "three");
        nextBlock();
        vm.expectEmit(MODEL_REGISTRY);
        emit ModelRegistry.ModelActivated(modelId, ALICE, keccak256("one two three"), "ipfs://card");
        activate(ALICE, modelId, 3, 13);

        vm.assertTrue(REGISTRY.isActive(modelId));
        ModelRegistry.Model memory model = REGISTRY.getModel(modelId);
        vm.assertEq(model.owner, ALICE);
        vm.assertEq(model.graphHash, keccak256("one two three"));
        vm.assertEq(model.metadataURI, "ipfs://card");
        vm.assertEq(model.activatedAt, block.timestamp);
        vm.assertEq(model.rightsFinalAt, block.timestamp - 1 + REGISTRY.COMMITMENT_LIFETIME_SECONDS());
        vm.assertFalse(model.deprecated);
    }

    function testSetsTheFlagThatThePrecompileReads() public {
        bytes32 modelId = STORE.modelIdOf("graph");
        bytes32 slot = keccak256(abi.encode(modelId, uint256(0)));
        vm.assertEq(vm.load(MODEL_REGISTRY, slot), bytes32(0));
        register(ALICE, "graph");
        vm.assertEq(vm.load(MODEL_REGISTRY, slot), bytes32(uint256(1)));
    }

    function testClosesTheSessionAndUsesUpTheCommitment() public {
        bytes32 modelId = register(ALICE, "graph");
        vm.assertEq(REGISTRY.uploadedChunk(ALICE, modelId, 0), bytes32(0));
        bytes32 commitment = REGISTRY.commitmentHash(ALICE, modelId, SALT);
        vm.assertEq(REGISTRY.getCommitment(ALICE, commitment).sequence, 0);
    }

    function testActivatesAModelOnce() public {
        bytes32 modelId = register(ALICE, "graph");
        bytes memory reason = abi.encodeWithSelector(ModelRegistry.ModelRegistry_AlreadyActive.selector, modelId);
        vm.expectRevert(reason);
        upload(BOB, modelId, 0, "graph");
        vm.expectRevert(reason);
        activate(BOB, modelId, 1, 5);
    }

    function testBubblesTheStoresVerdicts() public {
        bytes32 wrongId = keccak256("wrong");
        commitTo(ALICE, wrongId);
        upload(ALICE, wrongId, 0, "graph");
        nextBlock();
        bytes32 got = STORE.modelIdOf("graph");
        vm.expectRevert(abi.encodeWithSelector(IModelStoreErrors.ModelMismatch.selector, wrongId, got));
        activate(ALICE, wrongId, 1, 5);
        vm.expectRevert(
            abi.encodeWithSelector(IModelStoreErrors.ModelInvalid.selector, "graph size differs from the declared one")
        );
        activate(ALICE, wrongId, 1, 6);
        vm.assertFalse(REGISTRY.isActive(wrongId));
        vm.assertEq(REGISTRY.modelCount(), 0);
        vm.assertEq(REGISTRY.uploadedChunk(ALICE, wrongId, 0), keccak256("graph"));
    }

    function testCannotActivateFromAnothersChunks() public {
        bytes32 modelId = STORE.modelIdOf("graph");
        commitTo(BOB, modelId);
        upload(ALICE, modelId, 0, "graph");
        nextBlock();
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_ChunkNotUploaded.selector, 0));
        activate(BOB, modelId, 1, 5);
    }

    function testReplacesAChunk() public {
        bytes32 modelId = STORE.modelIdOf("graph");
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 0, "grahp");
        upload(ALICE, modelId, 0, "graph");
        nextBlock();
        activate(ALICE, modelId, 1, 5);
        vm.assertTrue(REGISTRY.isActive(modelId));
    }

    function testFuzzJoinsAnySplit(bytes memory graph, uint256 cut) public {
        vm.assume(graph.length >= 2);
        cut = bound(cut, 1, graph.length - 1);
        bytes memory head = new bytes(cut);
        bytes memory tail = new bytes(graph.length - cut);
        for (uint256 i = 0; i < graph.length; i++) {
            if (i < cut) head[i] = graph[i];
            else tail[i - cut] = graph[i];
        }
        bytes32 modelId = STORE.modelIdOf(graph);
        commitTo(ALICE, modelId);
        upload(ALICE, modelId, 1, tail);
        upload(ALICE, modelId, 0, head);
        nextBlock();
        activate(ALICE, modelId, 2, graph.length);
        vm.assertEq(REGISTRY.getModel(modelId).graphHash, keccak256(graph));
    }

    function testListsModelsInOrderOfActivation() public {
        bytes32 first = register(ALICE, "first");
        bytes32 second = register(BOB, "second");
        bytes32 third = register(ALICE, "third");
        vm.assertEq(REGISTRY.modelCount(), 3);
        vm.assertEq(REGISTRY.modelAt(1), second);
        bytes32[] memory page = REGISTRY.modelIds(1, 5);
        vm.assertEq(page.length, 2);
        vm.assertEq(page[0], second);
        vm.assertEq(page[1], third);
        vm.assertEq(REGISTRY.modelIds(0, 1)[0], first);
        vm.assertEq(REGISTRY.modelIds(3, type(uint256).max).length, 0);
        vm.assertEq(REGISTRY.modelIds(type(uint256).max, type(uint256).max).length, 0);
    }

    function testKnowsNothingOfAnInactiveModel() public {
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_NotActive.selector, bytes32(0)));
        REGISTRY.getModel(bytes32(0));
    }

    function testFitsTheCodeLimit() public pure {
        vm.assertTrue(type(ModelRegistry).runtimeCode.length <= 24_576);
    }
}
