// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { MAX_SAFE_LANE } from "../../shared/Constants.sol";
import { TENSOR_DOMAIN } from "../../shared/Domains.sol";
import { CHUNK_BYTES, MAX_LANES, MAX_OPENING_BYTES, VALUE_TREE_DEPTH } from "../../shared/ProgramLimits.sol";
import { MerkleOpenings } from "./MerkleOpenings.sol";
import { OpenedChunks, Operand, StepContext } from "./StepContext.sol";
import { StepVerifierErrors } from "./StepVerifierErrors.sol";
import { Witness, hashCalldata, readInt } from "./Witness.sol";

/// @title OperandLanes
/// @notice Reads lanes of operands. An operand opens its value under the value tree when it is first read, and each chunk under its
///         value when it is first met; the witness holds them in that order.
library OperandLanes {
    using MerkleOpenings for Witness;

    /// @notice The lane that an operand reads at a place of its row, or `beyond` lanes further. Out of range traps.
    function laneAt(StepContext memory step, Operand memory operand, uint256 place, int256 beyond)
        internal
        pure
        returns (int256 value)
    {
        unchecked {
            if (place < operand.rangeFirst || place >= operand.rangeEnd) step.witness.trap();
            int256 lane = operand.base + operand.stride * int256(place) + beyond;
            if (lane < operand.windowFirst || lane >= operand.windowEnd) viewLane(step, operand, lane);
            value = readInt(positionOf(operand, lane), operand.laneBytes);
            if (uint256(value + int256(MAX_SAFE_LANE)) > 2 * MAX_SAFE_LANE) step.witness.trap();
        }
    }

    /// @notice Where a lane that is in view is in the call data.
    function positionOf(Operand memory operand, int256 lane) internal pure returns (uint256) {
        unchecked {
            return operand.windowPosition + uint256(lane - operand.windowFirst) * operand.laneBytes;
        }
    }

    /// @notice Puts in view the lane at a place of the row where the operand reads lane by lane.
    /// @return position Where the lane is in the call data.
    /// @return neighbours Lanes in view from it on.
    function viewRun(StepContext memory step, Operand memory operand, uint256 place)
        internal
        pure
        returns (uint256 position, uint256 neighbours)
    {
        unchecked {
            int256 lane = operand.base + int256(place);
            if (lane < operand.windowFirst || lane >= operand.windowEnd) viewLane(step, operand, lane);
            return (positionOf(operand, lane), uint256(operand.windowEnd - lane));
        }
    }

    /// @notice Brings the chunk of a lane into view; opens it, and its value, if they are not open yet.
    function viewLane(StepContext memory step, Operand memory operand, int256 lane) internal pure {
        unchecked {
            uint256 position;
            if (operand.laneBytes == 0) {
                position = _openValue(step, operand, lane);
            } else {
                if (lane < 0 || lane >= int256(operand.lanes)) step.witness.trap();
                position = _openedChunk(step, operand, uint256(lane) * operand.laneBytes / CHUNK_BYTES);
            }
            int256 chunkLanes = int256(CHUNK_BYTES / operand.laneBytes);
            int256 first = lane / chunkLanes * chunkLanes;
            int256 end = first + chunkLanes;
            operand.windowFirst = first;
            operand.windowEnd = end < int256(operand.lanes) ? end : int256(operand.lanes);
            operand.windowPosition = position;
        }
    }

    /// @dev Opens an operand's value together with the chunk of `lane`. @return position Where the chunk is in the call data.
    function _openValue(StepContext memory step, Operand memory operand, int256 lane)
        private
        pure
        returns (uint256 position)
    {
        Witness memory witness = step.witness;
        uint256 kind = witness.takeUint(1);
        // INVARIANT: a witness has one form only.
        require(kind <= 1, StepVerifierErrors.StepVerifier_WitnessKind(kind));
        if (kind == 0) {
            _requireLeaf(step, operand, bytes32(0));
            witness.trap();
        }
        uint256 laneBytes = witness.takeUint(1);
        uint256 lanes = witness.takeUint(8);
        if (!_isReadable(step, laneBytes, lanes, lane)) {
            _requireLeaf(step, operand, _tensorRoot(laneBytes, lanes, witness.takeWord()));
            witness.trap();
        }
        operand.lanes = lanes;
        operand.laneBytes = laneBytes;
        operand.depth = _chunkDepth(laneBytes, lanes);
        (position, operand.treeRoot) = _takeChunk(step, operand, uint256(lane) * laneBytes / CHUNK_BYTES);
        _requireLeaf(step, operand, _tensorRoot(laneBytes, lanes, operand.treeRoot));
    }

    /// @dev Whether a tensor is one, has this lane, and leaves the step within its limit when one chunk of it is opened.
    function _isReadable(StepContext memory step, uint256 laneBytes, uint256 lanes, int256 lane)
        private
        pure
        returns (bool)
    {
        if (laneBytes != 1 && laneBytes != 2 && laneBytes != 4 && laneBytes != 8) return false;
        if (lanes > MAX_LANES || lane < 0 || lane >= int256(lanes)) return false;
        return _fits(step.chunks, _chunkDepth(laneBytes, lanes));
    }

    /// @dev Where a chunk of an open value is in the call data; opens it if it is not open yet.
    function _openedChunk(StepContext memory step, Operand memory operand, uint256 chunk)
        private
        pure
        returns (uint256 position)
    {
        OpenedChunks memory chunks = step.chunks;
        uint256 key = _keyOf(operand, chunk);
        unchecked {
            for (uint256 i = chunks.count; i != 0; --i) {
                if (chunks.keys[i - 1] == key) return chunks.positions[i - 1];
            }
        }
        if (!_fits(chunks, operand.depth)) step.witness.trap();
        bytes32 treeRoot;
        (position, treeRoot) = _takeChunk(step, operand, chunk);
        // INVARIANT: every lane read belongs to the value that the state commits to.
        require(treeRoot == operand.treeRoot, StepVerifierErrors.StepVerifier_ChunkMismatch(operand.value, chunk));
    }

    /// @dev Takes a chunk and its siblings from the witness. @return treeRoot Root of the chunk tree that they open.
    function _takeChunk(StepContext memory step, Operand memory operand, uint256 chunk)
        private
        pure
        returns (uint256 position, bytes32 treeRoot)
    {
        position = step.witness.take(CHUNK_BYTES);
        uint256 used = _chunkCount(operand.laneBytes, operand.lanes);
        treeRoot = step.witness.root(hashCalldata(position, CHUNK_BYTES), chunk, used, operand.depth);
        OpenedChunks memory chunks = step.chunks;
        chunks.keys[chunks.count] = _keyOf(operand, chunk);
        chunks.positions[chunks.count] = position;
        chunks.count++;
        chunks.bytesOpened += _openingBytes(operand.depth);
    }

    function _requireLeaf(StepContext memory step, Operand memory operand, bytes32 leaf) private pure {
        // No value from the op's own on is written yet.
        bytes32 opened = step.witness.root(leaf, operand.value, step.nest.output, VALUE_TREE_DEPTH);
        // INVARIANT: operands are values of this very state.
        require(opened == step.state.valuesRoot, StepVerifierErrors.StepVerifier_ValueMismatch(operand.value));
    }

    function _tensorRoot(uint256 laneBytes, uint256 lanes, bytes32 treeRoot) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(TENSOR_DOMAIN, uint8(laneBytes), uint64(lanes), treeRoot));
    }

    function _fits(OpenedChunks memory chunks, uint256 depth) private pure returns (bool) {
        return chunks.bytesOpened + _openingBytes(depth) <= MAX_OPENING_BYTES;
    }

    function _openingBytes(uint256 depth) private pure returns (uint256) {
        return CHUNK_BYTES + 32 * depth;
    }

    function _chunkDepth(uint256 laneBytes, uint256 lanes) private pure returns (uint256) {
        return MerkleOpenings.depthOf(_chunkCount(laneBytes, lanes));
    }

    function _chunkCount(uint256 laneBytes, uint256 lanes) private pure returns (uint256) {
        return (laneBytes * lanes + CHUNK_BYTES - 1) / CHUNK_BYTES;
    }

    /// @dev Names a chunk of an operand: where the operand's forms are tells operands apart.
    function _keyOf(Operand memory operand, uint256 chunk) private pure returns (uint256) {
        return operand.formsAt << 64 | chunk;
    }
}
