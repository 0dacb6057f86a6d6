// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title IModelStoreErrors
/// @notice What the model store precompile reverts with. Inherit it to have the errors in an ABI.
interface IModelStoreErrors {
    /// @notice Only the registry may call the store: with CALL, no value, outside static context.
    error ModelStoreCall(address caller);
    /// @notice The uploaded bytes are those of another model.
    error ModelMismatch(bytes32 expected, bytes32 got);
    /// @notice The uploaded bytes are no valid model. `reason` names what the check refused.
    error ModelInvalid(string reason);
    /// @notice The list of chunks has a hash under which nothing was stored.
    error ChunkMissing(bytes32 chunkHash);
}

/// @title IModelStore
/// @notice The precompile that keeps model bytes outside the EVM state, by content hash. Only the ModelRegistry may call
///         it.
interface IModelStore is IModelStoreErrors {
    /// @notice Stores up to MAX_MODEL_CHUNK_BYTES for good.
    /// @return chunkHash keccak256 of the chunk.
    function storeChunk(bytes calldata chunk) external returns (bytes32 chunkHash);

    /// @notice Joins stored chunks, checks and builds the model, and keeps its graph and manifest.
    /// @param modelId The id that the model must turn out to have.
    /// @param chunkHashes The graph's chunks, in order.
    /// @param graphBytes Exact size of the joined graph. Its gas is charged before any work.
    /// @return graphHash keccak256 of the joined graph.
    /// @return manifest The preimage of modelId.
    function activate(bytes32 modelId, bytes32[] calldata chunkHashes, uint256 graphBytes)
        external
        returns (bytes32 graphHash, bytes memory manifest);
}
