// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { InferenceLanes } from "../l2/InferenceLanes.sol";
import { Test } from "./support/Test.sol";

/// @notice Calls the library across a contract border, so that reverts can be expected.
contract LanesCaller {
    function within(int256 lane, int256 lo, int256 hi) external pure returns (int256) {
        return InferenceLanes.within(lane, lo, hi);
    }

    function requireCount(uint256 expected, uint256 got) external pure {
        InferenceLanes.requireCount(expected, got);
    }

    function requireOutput(uint256 expected, bytes memory output) external pure {
        InferenceLanes.requireOutput(expected, output);
    }

    function slice(bytes memory output, uint256 offset, uint256 size) external pure returns (bytes memory) {
        return InferenceLanes.slice(output, offset, size);
    }

    function argmax(int16[] memory lanes) external pure returns (uint256) {
        return InferenceLanes.argmax(lanes);
    }
}

contract InferenceLanesTest is Test {
    LanesCaller internal caller = new LanesCaller();

    function signedBound(int256 value, int256 low, int256 high) internal pure returns (int256) {
        return low + int256(bound(uint256(value), 0, uint256(high - low)));
    }

    function testRoundsHalvesToTheEvenLane() public pure {
        vm.assertEq(InferenceLanes.fromWad(0.15e18, 0, 1, 10), 2);
        vm.assertEq(InferenceLanes.fromWad(0.25e18, 0, 1, 10), 2);
        vm.assertEq(InferenceLanes.fromWad(-0.25e18, 0, 1, 10), -2);
        vm.assertEq(InferenceLanes.fromWad(-0.35e18, 0, 1, 10), -4);
        vm.assertEq(InferenceLanes.fromWad(0.0887e18, 0, 1, 10_000), 887);
        // In steps of 0.5 from -40 at lane 0: real = (-80 + lane) / 2.
        vm.assertEq(InferenceLanes.fromWad(21.25e18, -80, 1, 2), 122);
        vm.assertEq(InferenceLanes.fromWad(21.75e18, -80, 1, 2), 124);
    }

    function testReadsLanesAsWads() public pure {
        vm.assertEq(InferenceLanes.toWad(278, 0, 1, 10_000), 0.0278e18);
        vm.assertEq(InferenceLanes.toWad(-3, 0, 1, 128), -0.0234375e18);
        vm.assertEq(InferenceLanes.toWad(122, -80, 1, 2), 21e18);
        // Halves of the last digit: 1 / 2^19 is 1907348632812.5 WAD.
        vm.assertEq(InferenceLanes.toWad(1, 0, 1, 2 ** 19), 1_907_348_632_812);
        vm.assertEq(InferenceLanes.toWad(3, 0, 1, 2 ** 19), 5_722_045_898_438);
    }

    function testFuzzDividesToTheNearestInteger(int256 numerator, int256 denominator) public pure {
        numerator = signedBound(numerator, -1e70, 1e70);
        denominator = signedBound(denominator, 1, 1e40);
        int256 quotient = InferenceLanes.divideHalfEven(numerator, denominator);
        int256 twice = 2 * (quotient * denominator - numerator);
        vm.assertTrue(-denominator <= twice && twice <= denominator);
        if (twice == denominator || twice == -denominator) vm.assertEq(quotient % 2, 0);
    }

    function testFuzzHalvesGoToTheEvenInteger(int128 half, uint64 unit) public pure {
        vm.assume(unit > 0);
        int256 floor = int256(half);
        int256 even = floor % 2 == 0 ? floor : floor + 1;
        vm.assertEq(
            InferenceLanes.divideHalfEven((2 * floor + 1) * int256(uint256(unit)), 2 * int256(uint256(unit))), even
        );
    }

    function testFuzzALaneComesBackFromItsWad(int64 lane, int64 base, uint16 gain, uint16 denominator) public pure {
        vm.assume(gain > 0 && denominator > 0);
        (int256 g, int256 d) = (int256(uint256(gain)), int256(uint256(denominator)));
        int256 wad = InferenceLanes.toWad(lane, base, g, d);
        vm.assertEq(InferenceLanes.fromWad(wad, base, g, d), lane);
    }

    function testFuzzAWadIsWithinHalfAStepOfItsLane(int256 wad, int64 base, uint16 gain, uint16 denominator)
        public
        pure
    {
        vm.assume(gain > 0 && denominator > 0);
        wad = signedBound(wad, -1e40, 1e40);
        (int256 g, int256 d) = (int256(uint256(gain)), int256(uint256(denominator)));
        int256 lane = InferenceLanes.fromWad(wad, base, g, d);
        int256 distance = wad * d - (base + g * lane) * 1e18;
        vm.assertTrue(-g * 1e18 <= 2 * distance && 2 * distance <= g * 1e18);
    }

    function testFuzzClips(int256 lane, int256 lo, int256 hi) public pure {
        vm.assume(lo <= hi);
        int256 clipped = InferenceLanes.clip(lane, lo, hi);
        vm.assertTrue(lo <= clipped && clipped <= hi);
        vm.assertEq(clipped == lane, lo <= lane && lane <= hi);
        if (lane < lo) vm.assertEq(clipped, lo);
    }

    function testFuzzRefusesWhatIsNotWithin(int256 lane, int256 lo, int256 hi) public {
        if (lo <= lane && lane <= hi) {
            vm.assertEq(caller.within(lane, lo, hi), lane);
        } else {
            bytes4 selector = InferenceLanes.InferenceLanes_OutOfRange.selector;
            vm.expectRevert(abi.encodeWithSelector(selector, lane, lo, hi));
            caller.within(lane, lo, hi);
        }
    }

    function testFuzzAdmitsWhatIsWithin(int128 lane, uint128 below, uint128 above) public view {
        vm.assertEq(
            caller.within(lane, int256(lane) - int256(uint256(below)), int256(lane) + int256(uint256(above))), lane
        );
    }

    function testFuzzRefusesAnotherCountOrSize(uint256 expected, bytes memory output) public {
        vm.assume(expected != output.length);
        bytes4 count = InferenceLanes.InferenceLanes_Count.selector;
        vm.expectRevert(abi.encodeWithSelector(count, expected, output.length));
        caller.requireCount(expected, output.length);
        bytes4 size = InferenceLanes.InferenceLanes_OutputBytes.selector;
        vm.expectRevert(abi.encodeWithSelector(size, expected, output.length));
        caller.requireOutput(expected, output);
        caller.requireCount(expected, expected);
        caller.requireOutput(output.length, output);
    }

    function testFuzzSlices(bytes memory output, uint256 offset, uint256 size) public pure {
        offset = bound(offset, 0, output.length);
        size = bound(size, 0, output.length - offset);
        bytes memory part = InferenceLanes.slice(output, offset, size);
        vm.assertEq(part.length, size);
        for (uint256 i = 0; i < size; i++) {
            vm.assertEq(uint8(part[i]), uint8(output[offset + i]));
        }
        // What is allocated next is zero.
        vm.assertEq(new bytes(64), abi.encodePacked(uint256(0), uint256(0)));
    }

    function testFuzzNeverSlicesPastTheOutput(bytes memory output, uint128 offset, uint128 size) public {
        vm.assume(uint256(offset) + size > output.length);
        bytes4 selector = InferenceLanes.InferenceLanes_OutputBytes.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, uint256(offset) + size, output.length));
        caller.slice(output, offset, size);
    }

    function testFuzzFindsTheFirstOfTheGreatest(int8[] memory narrow) public pure {
        vm.assume(narrow.length > 0);
        int16[] memory medium = new int16[](narrow.length);
        int32[] memory wide = new int32[](narrow.length);
        int64[] memory widest = new int64[](narrow.length);
        for (uint256 i = 0; i < narrow.length; i++) {
            (medium[i], wide[i], widest[i]) = (narrow[i], narrow[i], narrow[i]);
        }
        uint256 best = InferenceLanes.argmax(narrow);
        for (uint256 i = 0; i < narrow.length; i++) {
            vm.assertTrue(i < best ? narrow[i] < narrow[best] : narrow[i] <= narrow[best]);
        }
        vm.assertEq(InferenceLanes.argmax(medium), best);
        vm.assertEq(InferenceLanes.argmax(wide), best);
        vm.assertEq(InferenceLanes.argmax(widest), best);
    }

    function testNothingHasNoGreatest() public {
        vm.expectRevert(abi.encodeWithSelector(InferenceLanes.InferenceLanes_NoClass.selector, 0));
        caller.argmax(new int16[](0));
    }
}
