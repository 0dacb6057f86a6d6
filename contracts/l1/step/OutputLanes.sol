// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { TENSOR_DOMAIN } from "../../shared/Domains.sol";
import { CHUNK_BYTES, VALUE_TREE_DEPTH } from "../../shared/ProgramLimits.sol";
import { MerkleOpenings } from "./MerkleOpenings.sol";
import { Nest, StepContext, TraceState } from "./StepContext.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { Witness } from "./Witness.sol";

/// @notice Lanes that a step writes: neighbours within one chunk of the op's value.
/// @param prefix Bytes of the chunk that hold earlier lanes.
/// @param chunk The chunk's bytes, zero past the lanes, and room for one word more. The prefix is filled in at last.
struct WrittenLanes {
    uint256 firstLane;
    uint256 count;
    uint256 prefix;
    bytes chunk;
}

/// @title OutputLanes
/// @notice Writes lanes into the partial tree of the op's value, and the finished value into the value tree. Lanes are written in
///         order, so that all to the right of them is zero and needs no sibling.
library OutputLanes {
    using MerkleOpenings for Witness;

    /// @notice Starts to write at a lane.
    function start(StepContext memory step, uint256 firstLane) internal pure returns (WrittenLanes memory written) {
        written.firstLane = firstLane;
        written.prefix = firstLane * step.nest.laneBytes % CHUNK_BYTES;
        written.chunk = new bytes(CHUNK_BYTES + 32);
    }

    /// @notice Appends a lane. One that does not fit its width traps.
    function append(StepContext memory step, WrittenLanes memory written, int256 lane) internal pure {
        unchecked {
            uint256 laneBytes = step.nest.laneBytes;
            if (!_fits(lane, laneBytes)) step.witness.trap();
            uint256 position = written.prefix + written.count++ * laneBytes;
            bytes memory chunk = written.chunk;
            // Writes zeros after the lane too, where nothing is yet.
            assembly ("memory-safe") {
                mstore(add(add(chunk, 0x20), position), shl(sub(256, shl(3, laneBytes)), lane))
            }
        }
    }

    /// @notice Commits the lanes written. @return next The state after the step.
    function commit(StepContext memory step, WrittenLanes memory written)
        internal
        pure
        returns (TraceState memory next)
    {
        Nest memory nest = step.nest;
        bytes32 partialRoot = _partialRoot(step, written);
        next.t = step.state.t + 1;
        if (written.firstLane + written.count < nest.lanes) {
            next.valuesRoot = step.state.valuesRoot;
            next.partialRoot = partialRoot;
            return next;
        }
        bytes32 tensorRoot =
            keccak256(abi.encodePacked(TENSOR_DOMAIN, uint8(nest.laneBytes), uint64(nest.lanes), partialRoot));
        bytes32 before;
        (before, next.valuesRoot) =
            step.witness.roots([bytes32(0), tensorRoot], nest.output, nest.output, VALUE_TREE_DEPTH);
        // INVARIANT: a value is written once, in its own place.
        require(before == step.state.valuesRoot, StepVerifierErrors.StepVerifier_OutputMismatch(nest.output));
    }

    /// @dev Root of the partial tree with the lanes in it. Takes the lanes before them in their chunk from the witness, and checks these.
    function _partialRoot(StepContext memory step, WrittenLanes memory written) private pure returns (bytes32 root) {
        Nest memory nest = step.nest;
        uint256 chunk = written.firstLane * nest.laneBytes / CHUNK_BYTES;
        uint256 depth = MerkleOpenings.depthOf((nest.lanes * nest.laneBytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
        bytes32 before;
        (before, root) = step.witness.roots(_chunkLeaves(step.witness, written), chunk, chunk, depth);
        if (written.firstLane == 0) before = bytes32(0);
        // INVARIANT: lanes written before stay as they are.
        require(before == step.state.partialRoot, StepVerifierErrors.StepVerifier_PartialMismatch(chunk));
    }

    /// @dev Leaves of the chunk before the step, zero where nothing was in it, and after.
    function _chunkLeaves(Witness memory witness, WrittenLanes memory written)
        private
        pure
        returns (bytes32[2] memory leaves)
    {
        uint256 prefix = written.prefix;
        uint256 position = witness.take(prefix);
        bytes memory chunk = written.chunk;
        bytes32 before;
        bytes32 afterwards;
        // Call data beyond its end reads as zeros.
        assembly ("memory-safe") {
            let free := mload(0x40)
            calldatacopy(free, position, prefix)
            calldatacopy(add(free, prefix), calldatasize(), sub(CHUNK_BYTES, prefix))
            before := keccak256(free, CHUNK_BYTES)
            calldatacopy(add(chunk, 0x20), position, prefix)
            afterwards := keccak256(add(chunk, 0x20), CHUNK_BYTES)
        }
        leaves[0] = prefix == 0 ? bytes32(0) : before;
        leaves[1] = afterwards;
    }

    function _fits(int256 lane, uint256 laneBytes) private pure returns (bool) {
        unchecked {
            if (laneBytes == 8) return lane <= int256(MAX_SAFE_LANE) && lane >= -int256(MAX_SAFE_LANE);
            int256 end = int256(1) << (8 * laneBytes - 1);
            return lane < end && lane >= -end;
        }
    }
}
