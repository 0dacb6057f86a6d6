// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title InferenceLanes
/// @notice What lanes mean: real values in fixed point to lanes and back, bounds, and the class with the greatest score.
/// @dev A lane stands for real = (base + gain × lane) / denominator, all integers, gain and denominator positive: in steps of
///      0.0001, that is (0, 1, 10_000). `assay model bindings` writes these numbers. Reals are WADs: 1e18 is one. Where a product
///      does not fit 256 bits, arithmetic reverts with Panic(0x11), as everywhere.
library InferenceLanes {
    /// @notice The lane is beyond what the model takes.
    error InferenceLanes_OutOfRange(int256 lane, int256 lo, int256 hi);
    /// @notice The tensor has another number of lanes.
    error InferenceLanes_Count(uint256 expected, uint256 got);
    /// @notice The output has not the size of the model's: it is of another model.
    error InferenceLanes_OutputBytes(uint256 expected, uint256 got);
    /// @notice There is no class of this index, or no class at all.
    error InferenceLanes_NoClass(uint256 index);

    /// @notice One, as a WAD.
    int256 internal constant WAD = 1e18;

    /// @notice The lane nearest to a real value, halves to the even lane. It may be beyond any lane width.
    function fromWad(int256 wad, int256 base, int256 gain, int256 denominator) internal pure returns (int256) {
        return divideHalfEven(wad * denominator - base * WAD, gain * WAD);
    }

    /// @notice The real value of a lane, to the nearest WAD, halves to the even one.
    function toWad(int256 lane, int256 base, int256 gain, int256 denominator) internal pure returns (int256) {
        return divideHalfEven((base + gain * lane) * WAD, denominator);
    }

    /// @notice numerator / denominator to the nearest integer, halves to the even one. The denominator is positive.
    function divideHalfEven(int256 numerator, int256 denominator) internal pure returns (int256 quotient) {
        quotient = numerator / denominator;
        int256 rest = numerator % denominator;
        // Division truncates: make it floor, so that the rest is not negative.
        if (rest < 0) {
            quotient -= 1;
            rest += denominator;
        }
        int256 missing = denominator - rest;
        if (rest > missing || (rest == missing && quotient % 2 != 0)) quotient += 1;
    }

    /// @notice The lane, or the nearer bound where it is beyond one: for models that clip what they are given.
    function clip(int256 lane, int256 lo, int256 hi) internal pure returns (int256) {
        if (lane < lo) return lo;
        return lane > hi ? hi : lane;
    }

    /// @notice The lane, which must lie within the bounds.
    function within(int256 lane, int256 lo, int256 hi) internal pure returns (int256) {
        // INVARIANT: no value is changed silently.
        require(lane >= lo && lane <= hi, InferenceLanes_OutOfRange(lane, lo, hi));
        return lane;
    }

    /// @notice Refuses a tensor of another number of lanes.
    function requireCount(uint256 expected, uint256 got) internal pure {
        // INVARIANT: a tensor that is short is not made up for by the next one.
        require(expected == got, InferenceLanes_Count(expected, got));
    }

    /// @notice Refuses an output of another size, in bytes.
    function requireOutput(uint256 expected, bytes memory output) internal pure {
        // INVARIANT: the output is of a model with these outputs.
        require(output.length == expected, InferenceLanes_OutputBytes(expected, output.length));
    }

    /// @notice `size` bytes of an output, from byte `offset`.
    function slice(bytes memory output, uint256 offset, uint256 size) internal pure returns (bytes memory part) {
        // INVARIANT: no read leaves the output.
        require(
            offset <= output.length && size <= output.length - offset,
            InferenceLanes_OutputBytes(offset + size, output.length)
        );
        part = new bytes(size);
        assembly ("memory-safe") {
            mcopy(add(part, 32), add(add(output, 32), offset), size)
        }
    }

    /// @notice Index of the greatest lane; of equal ones the first, as ArgMax has it.
    function argmax(int8[] memory lanes) internal pure returns (uint256) {
        int256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _argmax(words);
    }

    /// @notice Index of the greatest lane; of equal ones the first.
    function argmax(int16[] memory lanes) internal pure returns (uint256) {
        int256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _argmax(words);
    }

    /// @notice Index of the greatest lane; of equal ones the first.
    function argmax(int32[] memory lanes) internal pure returns (uint256) {
        int256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _argmax(words);
    }

    /// @notice Index of the greatest lane; of equal ones the first.
    function argmax(int64[] memory lanes) internal pure returns (uint256) {
        int256[] memory words;
        assembly ("memory-safe") {
            words := lanes
        }
        return _argmax(words);
    }

    function _argmax(int256[] memory words) private pure returns (uint256 best) {
        // INVARIANT: there is a greatest.
        require(words.length > 0, InferenceLanes_NoClass(0));
        for (uint256 i = 1; i < words.length; i++) {
            if (words[i] > words[best]) best = i;
        }
    }
}
