// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { INFERENCE_PRECOMPILE } from "../shared/Constants.sol";

/// @title InferenceErrors
/// @notice What the inference precompile reverts with. A dapp inherits it to have the errors in its ABI.
interface InferenceErrors {
    /// @notice No model of this id is active.
    error ModelNotActive(bytes32 modelId);
    /// @notice The precompile takes no wei.
    error ValueNotZero(uint256 value);
    /// @notice The input has not the length that the model declares, in bytes.
    error InputLength(uint256 expected, uint256 got);
    /// @notice Lane `index` of the input is outside the range that the model declares.
    error InputOutOfRange(uint256 index);
}

/// @title Inference
/// @notice Runs models from contracts, and translates between Solidity's integers and tensors.
/// @dev A tensor is its lanes in row-major order, each a big-endian two's-complement integer of 1, 2, 4 or 8 bytes. Inputs
///      and outputs of several tensors are joined in order. The assembly has a plain counterpart, InferenceReference in the
///      tests, which it is held equal to. To encode 784 lanes of 2 bytes costs 65 k gas from int16s, 10 k from bytes, and
///      994 k in plain Solidity; to decode 1,000 lanes of 4 bytes 91 k, 430 k one by one, and 949 k in plain Solidity.
library Inference {
    /// @notice The inference failed without giving a reason: most likely the call's gas did not cover it.
    error Inference_Failed(bytes32 modelId);
    /// @notice This chain has no inference precompile. In Foundry tests, place test/support/MockInference.sol there.
    error Inference_Unavailable();
    /// @notice The output has no lane of `laneBytes` bytes at `offset`.
    error Inference_LaneOutOfBounds(uint256 offset, uint256 laneBytes, uint256 outputBytes);

    /// @notice Runs a model. Reverts with an {InferenceErrors} error when the model or the input is not acceptable.
    /// @param modelId An active model of the ModelRegistry.
    /// @param input The model's inputs, encoded.
    /// @return output The model's outputs, encoded.
    function run(bytes32 modelId, bytes memory input) internal view returns (bytes memory output) {
        bool success;
        (success, output) = INFERENCE_PRECOMPILE.staticcall(bytes.concat(modelId, input));
        if (!success) _revertWith(output, modelId);
        // INVARIANT: a model has an output, so an empty answer is none.
        require(output.length > 0, Inference_Unavailable());
    }

    /// @notice Encodes lanes of 1 byte.
    function encodeInt8(int8[] memory lanes) internal pure returns (bytes memory) {
        uint256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _pack(words, 1);
    }

    /// @notice Encodes lanes of 2 bytes.
    function encodeInt16(int16[] memory lanes) internal pure returns (bytes memory) {
        uint256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _pack(words, 2);
    }

    /// @notice Encodes lanes of 4 bytes.
    function encodeInt32(int32[] memory lanes) internal pure returns (bytes memory) {
        uint256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _pack(words, 4);
    }

    /// @notice Encodes lanes of 8 bytes.
    function encodeInt64(int64[] memory lanes) internal pure returns (bytes memory) {
        uint256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _pack(words, 8);
    }

    /// @notice Encodes bytes 0 … 255, such as grey levels, as lanes of 2 bytes.
    function encodeUint8AsInt16(bytes memory values) internal pure returns (bytes memory lanes) {
        lanes = new bytes(2 * values.length);
        assembly ("memory-safe") {
            let from := add(values, 32)
            let to := add(lanes, 32)
            // 16 bytes at a time: halve the word's dense part and move its upper half up, until each byte has a zero before
            // it. What the last store writes past the lanes lies in free memory.
            for { let end := add(from, mload(values)) } lt(from, end) { from := add(from, 16) } {
                let x := shr(128, mload(from))
                x := and(or(x, shl(64, x)), 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff)
                x := and(or(x, shl(32, x)), 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff)
                x := and(or(x, shl(16, x)), 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff)
                x := and(or(x, shl(8, x)), 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff)
                mstore(to, x)
                to := add(to, 32)
            }
        }
    }

    /// @notice The lane of 1 byte at byte `offset` of an output.
    function readInt8(bytes memory output, uint256 offset) internal pure returns (int8) {
        return int8(uint8(_lane(output, offset, 1)));
    }

    /// @notice The lane of 2 bytes at byte `offset` of an output.
    function readInt16(bytes memory output, uint256 offset) internal pure returns (int16) {
        return int16(uint16(_lane(output, offset, 2)));
    }

    /// @notice The lane of 4 bytes at byte `offset` of an output.
    function readInt32(bytes memory output, uint256 offset) internal pure returns (int32) {
        return int32(uint32(_lane(output, offset, 4)));
    }

    /// @notice The lane of 8 bytes at byte `offset` of an output.
    function readInt64(bytes memory output, uint256 offset) internal pure returns (int64) {
        return int64(uint64(_lane(output, offset, 8)));
    }

    /// @notice `count` lanes of 1 byte, from byte `offset` of an output.
    function decodeInt8(bytes memory output, uint256 offset, uint256 count)
        internal
        pure
        returns (int8[] memory lanes)
    {
        uint256[] memory words = _unpack(output, offset, count, 1);
        assembly ("memory-safe") {
            lanes := words
        }
    }

    /// @notice `count` lanes of 2 bytes, from byte `offset` of an output.
    function decodeInt16(bytes memory output, uint256 offset, uint256 count)
        internal
        pure
        returns (int16[] memory lanes)
    {
        uint256[] memory words = _unpack(output, offset, count, 2);
        assembly ("memory-safe") {
            lanes := words
        }
    }

    /// @notice `count` lanes of 4 bytes, from byte `offset` of an output.
    function decodeInt32(bytes memory output, uint256 offset, uint256 count)
        internal
        pure
        returns (int32[] memory lanes)
    {
        uint256[] memory words = _unpack(output, offset, count, 4);
        assembly ("memory-safe") {
            lanes := words
        }
    }

    /// @notice `count` lanes of 8 bytes, from byte `offset` of an output.
    function decodeInt64(bytes memory output, uint256 offset, uint256 count)
        internal
        pure
        returns (int64[] memory lanes)
    {
        uint256[] memory words = _unpack(output, offset, count, 8);
        assembly ("memory-safe") {
            lanes := words
        }
    }

    /// @dev Joins the low `laneBytes` bytes of every word.
    function _pack(uint256[] memory words, uint256 laneBytes) private pure returns (bytes memory packed) {
        packed = new bytes(words.length * laneBytes);
        assembly ("memory-safe") {
            let shift := sub(256, mul(8, laneBytes))
            let to := add(packed, 32)
            let from := add(words, 32)
            // Each store leaves zeros behind its lane, which the next one, or nobody, needs: the last store's run into
            // free memory.
            for { let end := add(from, mul(32, mload(words))) } lt(from, end) { from := add(from, 32) } {
                mstore(to, shl(shift, mload(from)))
                to := add(to, laneBytes)
            }
        }
    }

    /// @dev The `count` lanes at `offset`, each sign-extended to a word.
    function _unpack(bytes memory output, uint256 offset, uint256 count, uint256 laneBytes)
        private
        pure
        returns (uint256[] memory words)
    {
        // INVARIANT: no read leaves the output. Of lanes that cannot all be there, the first that is missing is named.
        uint256 whole = offset > output.length ? 0 : (output.length - offset) / laneBytes;
        require(count <= whole, Inference_LaneOutOfBounds(offset + whole * laneBytes, laneBytes, output.length));
        words = new uint256[](count);
        assembly ("memory-safe") {
            let shift := sub(256, mul(8, laneBytes))
            let from := add(add(output, 32), offset)
            let to := add(words, 32)
            for { let end := add(to, mul(32, count)) } lt(to, end) { to := add(to, 32) } {
                mstore(to, sar(shift, mload(from)))
                from := add(from, laneBytes)
            }
        }
    }

    /// @dev The `laneBytes` bytes at `offset`, as an unsigned number.
    function _lane(bytes memory output, uint256 offset, uint256 laneBytes) private pure returns (uint256 lane) {
        // INVARIANT: no read leaves the output.
        require(
            output.length >= laneBytes && offset <= output.length - laneBytes,
            Inference_LaneOutOfBounds(offset, laneBytes, output.length)
        );
        assembly ("memory-safe") {
            lane := shr(sub(256, mul(8, laneBytes)), mload(add(add(output, 32), offset)))
        }
    }

    /// @dev Reverts with the precompile's own error, so that callers can decode it.
    function _revertWith(bytes memory reason, bytes32 modelId) private pure {
        require(reason.length > 0, Inference_Failed(modelId));
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
