// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title InferenceReference
/// @notice What the assembly of the Inference library computes, in plain Solidity.
library InferenceReference {
    /// @notice Lanes of `laneBytes` bytes, big-endian, two's complement.
    function encode(int256[] memory lanes, uint256 laneBytes) internal pure returns (bytes memory encoded) {
        encoded = new bytes(lanes.length * laneBytes);
        for (uint256 i = 0; i < lanes.length; i++) {
            for (uint256 b = 0; b < laneBytes; b++) {
                encoded[i * laneBytes + b] = bytes1(uint8(uint256(lanes[i] >> (8 * (laneBytes - 1 - b)))));
            }
        }
    }

    /// @notice The signed lane of `laneBytes` bytes at byte `offset`.
    function decode(bytes memory encoded, uint256 offset, uint256 laneBytes) internal pure returns (int256 lane) {
        for (uint256 b = 0; b < laneBytes; b++) {
            lane = (lane << 8) | int256(uint256(uint8(encoded[offset + b])));
        }
        if (uint8(encoded[offset]) >= 0x80) lane -= int256(1) << (8 * laneBytes);
    }
}
