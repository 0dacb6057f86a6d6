// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IModelStore } from "../../l2/IModelStore.sol";
import { MODEL_REGISTRY } from "../../shared/Constants.sol";

/// @title MockModelStore
/// @notice Stands in for the model store precompile. A "model" is any bytes; its id is the hash of a domain and the bytes.
contract MockModelStore is IModelStore {
    error MockModelStore_NotRegistry(address caller);

    mapping(bytes32 chunkHash => bytes chunk) private _chunks;

    function storeChunk(bytes calldata chunk) external returns (bytes32 chunkHash) {
        require(msg.sender == MODEL_REGISTRY, MockModelStore_NotRegistry(msg.sender));
        chunkHash = keccak256(chunk);
        _chunks[chunkHash] = chunk;
    }

    function activate(bytes32 modelId, bytes32[] calldata chunkHashes, uint256 graphBytes)
        external
        view
        returns (bytes32 graphHash, bytes memory manifest)
    {
        require(msg.sender == MODEL_REGISTRY, MockModelStore_NotRegistry(msg.sender));
        bytes memory graph;
        for (uint256 i = 0; i < chunkHashes.length; i++) {
            require(_chunks[chunkHashes[i]].length > 0, ChunkMissing(chunkHashes[i]));
            graph = bytes.concat(graph, _chunks[chunkHashes[i]]);
        }
        require(graph.length == graphBytes, ModelInvalid("graph size differs from the declared one"));
        require(modelId == modelIdOf(graph), ModelMismatch(modelId, modelIdOf(graph)));
        return (keccak256(graph), bytes.concat("manifest", graph));
    }

    function modelIdOf(bytes memory graph) public pure returns (bytes32) {
        return keccak256(bytes.concat("model", graph));
    }
}
