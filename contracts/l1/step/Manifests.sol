// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { MODEL_DOMAIN } from "../../shared/Domains.sol";
import { MAX_IO_TENSORS, MAX_LANES, MAX_RANK } from "../../shared/ProgramLimits.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { readInt, readUint } from "./Witness.sol";

/// @notice What a dispute needs of a model's manifest.
struct Manifest {
    bytes32 modelId;
    uint256 profile;
    bytes32 programRoot;
    bytes32 constantsRoot;
    uint256 inputCount;
    uint256 steps;
}

/// @title Manifests
/// @notice Decodes the preimage of a modelId, as node/protocol/model-manifest-codec.ts does: only bytes that a publisher's encoder
///         yields pass.
library Manifests {
    uint256 private constant PROFILE_AT = 32;
    uint256 private constant PROGRAM_ROOT_AT = 68;
    uint256 private constant CONSTANTS_ROOT_AT = 100;
    uint256 private constant INPUT_COUNT_AT = 132;
    uint256 private constant OUTPUT_COUNT_AT = 134;
    uint256 private constant HEAD_BYTES = 136;
    uint256 private constant SHAPE_AT = 2;
    uint256 private constant BOUNDS_AT = 26;
    uint256 private constant SPEC_BYTES = 42;
    uint256 private constant COUNTERS = 14;
    uint256 private constant COUNTER_BYTES = 8;

    /// @notice Decodes a manifest.
    function decode(bytes calldata data) internal pure returns (Manifest memory manifest) {
        uint256 start;
        assembly ("memory-safe") {
            start := data.offset
        }
        require(data.length >= HEAD_BYTES, StepVerifierErrors.StepVerifier_ManifestLength(data.length, HEAD_BYTES));
        uint256 inputs = readUint(start + INPUT_COUNT_AT, 2);
        uint256 outputs = readUint(start + OUTPUT_COUNT_AT, 2);
        uint256 countersAt = HEAD_BYTES + (inputs + outputs) * SPEC_BYTES;
        uint256 expected = countersAt + COUNTERS * COUNTER_BYTES;
        // INVARIANT: a manifest has one form only.
        require(data.length == expected, StepVerifierErrors.StepVerifier_ManifestLength(data.length, expected));
        _require(bytes32(data[:32]) == MODEL_DOMAIN, 0);
        _require(inputs <= MAX_IO_TENSORS, INPUT_COUNT_AT);
        _require(outputs != 0 && outputs <= MAX_IO_TENSORS, OUTPUT_COUNT_AT);
        for (uint256 position = HEAD_BYTES; position < countersAt; position += SPEC_BYTES) {
            _requireSpec(start, position);
        }
        for (uint256 position = countersAt; position < expected; position += COUNTER_BYTES) {
            _require(readUint(start + position, COUNTER_BYTES) <= MAX_SAFE_LANE, position);
        }
        manifest.modelId = keccak256(data);
        manifest.profile = readUint(start + PROFILE_AT, 4);
        _require(manifest.profile != 0, PROFILE_AT);
        manifest.programRoot = bytes32(readUint(start + PROGRAM_ROOT_AT, 32));
        manifest.constantsRoot = bytes32(readUint(start + CONSTANTS_ROOT_AT, 32));
        manifest.inputCount = inputs;
        manifest.steps = readUint(start + countersAt, COUNTER_BYTES);
    }

    /// @dev laneBytes u8 ‖ rank u8 ‖ 6 extents u32, zero past the rank ‖ lo i64 ‖ hi i64.
    function _requireSpec(uint256 start, uint256 offset) private pure {
        uint256 position = start + offset;
        uint256 laneBytes = readUint(position, 1);
        _require(laneBytes == 1 || laneBytes == 2 || laneBytes == 4 || laneBytes == 8, offset);
        uint256 rank = readUint(position + 1, 1);
        _require(rank <= MAX_RANK, offset + 1);
        uint256 lanes = 1;
        for (uint256 axis = 0; axis < MAX_RANK; ++axis) {
            uint256 extentAt = SHAPE_AT + 4 * axis;
            uint256 extent = readUint(position + extentAt, 4);
            _require(axis < rank ? extent != 0 : extent == 0, offset + extentAt);
            if (axis < rank) lanes *= extent;
            _require(lanes <= MAX_LANES, offset + extentAt);
        }
        int256 lo = readInt(position + BOUNDS_AT, 8);
        int256 hi = readInt(position + BOUNDS_AT + 8, 8);
        int256 greatest = laneBytes == 8 ? int256(MAX_SAFE_LANE) : (int256(1) << (8 * laneBytes - 1)) - 1;
        int256 least = laneBytes == 8 ? -greatest : -greatest - 1;
        _require(lo <= hi && lo >= least && hi <= greatest, offset + BOUNDS_AT);
    }

    function _require(bool holds, uint256 offset) private pure {
        // INVARIANT: what no model can have is no manifest.
        require(holds, StepVerifierErrors.StepVerifier_ManifestField(offset));
    }
}
