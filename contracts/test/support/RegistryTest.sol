// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { ModelRegistry } from "../../l2/ModelRegistry.sol";
import { MODEL_REGISTRY, MODEL_STORE_PRECOMPILE } from "../../shared/Constants.sol";
import { MockModelStore } from "./MockModelStore.sol";
import { Test } from "./Test.sol";

/// @title RegistryTest
/// @notice The registry and a mock store at their addresses, two publishers, and the steps they take.
abstract contract RegistryTest is Test {
    ModelRegistry internal constant REGISTRY = ModelRegistry(MODEL_REGISTRY);
    MockModelStore internal constant STORE = MockModelStore(MODEL_STORE_PRECOMPILE);
    address internal constant ALICE = address(0xa11ce);
    address internal constant BOB = address(0xb0b);
    bytes32 internal constant SALT = keccak256("salt");

    function setUp() public virtual {
        vm.etch(MODEL_REGISTRY, type(ModelRegistry).runtimeCode);
        vm.etch(MODEL_STORE_PRECOMPILE, type(MockModelStore).runtimeCode);
        vm.warp(1_800_000_000);
        vm.roll(100);
    }

    function commitTo(address owner, bytes32 modelId) internal {
        bytes32 commitment = REGISTRY.commitmentHash(owner, modelId, SALT);
        vm.prank(owner);
        REGISTRY.commit(commitment);
    }

    function upload(address owner, bytes32 modelId, uint256 index, bytes memory chunk) internal {
        vm.prank(owner);
        REGISTRY.uploadChunk(modelId, index, chunk);
    }

    function activate(address owner, bytes32 modelId, uint256 chunkCount, uint256 graphBytes) internal {
        vm.prank(owner);
        REGISTRY.activate(modelId, SALT, chunkCount, graphBytes, "ipfs://card");
    }

    function nextBlock() internal {
        vm.roll(block.number + 1);
        vm.warp(block.timestamp + 1);
    }

    /// @dev The whole way of one model in a single chunk.
    function register(address owner, bytes memory graph) internal returns (bytes32 modelId) {
        modelId = STORE.modelIdOf(graph);
        commitTo(owner, modelId);
        upload(owner, modelId, 0, graph);
        nextBlock();
        activate(owner, modelId, 1, graph.length);
    }
}
