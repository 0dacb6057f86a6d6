// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ModelRegistry } from "../l2/ModelRegistry.sol";
import { MAX_MODEL_CHUNKS, MAX_MODEL_CHUNK_BYTES, MAX_MODEL_GRAPH_BYTES } from "../shared/Constants.sol";
import { RegistryTest } from "./support/RegistryTest.sol";

contract ModelRegistryLimitsTest is RegistryTest {
    bytes32 internal constant MODEL = keccak256("model");

    function testRefusesAnEmptyChunk() public {
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_ChunkSize.selector, 0, MAX_MODEL_CHUNK_BYTES)
        );
        upload(ALICE, MODEL, 0, "");
    }

    function testTakesTheLargestChunkAndNothingLarger() public {
        upload(ALICE, MODEL, 0, new bytes(MAX_MODEL_CHUNK_BYTES));
        vm.expectRevert(
            abi.encodeWithSelector(
                ModelRegistry.ModelRegistry_ChunkSize.selector, MAX_MODEL_CHUNK_BYTES + 1, MAX_MODEL_CHUNK_BYTES
            )
        );
        upload(ALICE, MODEL, 0, new bytes(MAX_MODEL_CHUNK_BYTES + 1));
    }

    function testFuzzRefusesAnIndexPastTheLimit(uint256 index) public {
        index = bound(index, MAX_MODEL_CHUNKS, type(uint256).max);
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_ChunkIndex.selector, index, MAX_MODEL_CHUNKS)
        );
        upload(ALICE, MODEL, index, "chunk");
    }

    function testFuzzRefusesAGraphSizePastTheLimit(uint256 graphBytes) public {
        graphBytes = bound(graphBytes, MAX_MODEL_GRAPH_BYTES + 1, type(uint256).max);
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_GraphSize.selector, graphBytes, MAX_MODEL_GRAPH_BYTES)
        );
        activate(ALICE, MODEL, 1, graphBytes);
    }

    function testRefusesAnEmptyGraph() public {
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_GraphSize.selector, 0, MAX_MODEL_GRAPH_BYTES)
        );
        activate(ALICE, MODEL, 1, 0);
    }

    function testFuzzRefusesAChunkCountPastTheLimit(uint256 chunkCount) public {
        chunkCount = bound(chunkCount, MAX_MODEL_CHUNKS + 1, type(uint256).max);
        commitTo(ALICE, MODEL);
        nextBlock();
        vm.expectRevert(
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_ChunkCount.selector, chunkCount, MAX_MODEL_CHUNKS)
        );
        activate(ALICE, MODEL, chunkCount, 1);
        vm.expectRevert(abi.encodeWithSelector(ModelRegistry.ModelRegistry_ChunkCount.selector, 0, MAX_MODEL_CHUNKS));
        activate(ALICE, MODEL, 0, 1);
    }

    function testTakesAsManyChunksAsTheLimit() public {
        bytes memory graph = new bytes(MAX_MODEL_CHUNKS);
        bytes32 modelId = STORE.modelIdOf(graph);
        commitTo(ALICE, modelId);
        for (uint256 i = 0; i < MAX_MODEL_CHUNKS; i++) {
            upload(ALICE, modelId, i, hex"00");
        }
        nextBlock();
        activate(ALICE, modelId, MAX_MODEL_CHUNKS, MAX_MODEL_CHUNKS);
        vm.assertTrue(REGISTRY.isActive(modelId));
    }

    function testRefusesLongMetadata() public {
        bytes32 modelId = register(ALICE, "graph");
        uint256 limit = REGISTRY.MAX_METADATA_BYTES();
        bytes memory reason =
            abi.encodeWithSelector(ModelRegistry.ModelRegistry_MetadataSize.selector, limit + 1, limit);
        string memory long = string(new bytes(limit + 1));
        vm.expectRevert(reason);
        vm.prank(ALICE);
        REGISTRY.setMetadata(modelId, long);
        vm.expectRevert(reason);
        vm.prank(ALICE);
        REGISTRY.activate(MODEL, SALT, 1, 1, long);
    }
}
