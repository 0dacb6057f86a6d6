// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One inference of a block's log: that `model(input) = output`.
/// @param modelId Hash of the model's manifest.
/// @param inputRoot Commitment to its input.
/// @param outputRoot Commitment to its output.
struct InferenceRecord {
    bytes32 modelId;
    bytes32 inputRoot;
    bytes32 outputRoot;
}

/// @dev keccak256("assay/record/v1") opens a record's leaf.
bytes32 constant RECORD_DOMAIN = keccak256("assay/record/v1");

/// @notice Leaf of a record in the tree of its block's log.
function recordLeaf(InferenceRecord calldata record) pure returns (bytes32) {
    return keccak256(abi.encode(RECORD_DOMAIN, record.modelId, record.inputRoot, record.outputRoot));
}
