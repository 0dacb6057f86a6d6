// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Inference, InferenceErrors } from "../l2/Inference.sol";
import { INFERENCE_PRECOMPILE } from "../shared/Constants.sol";
import { InferenceReference } from "./support/InferenceReference.sol";
import { MockInference } from "./support/MockInference.sol";
import { Test } from "./support/Test.sol";

/// @notice Calls the library across a contract border, so that reverts can be expected.
contract InferenceCaller {
    function run(bytes32 modelId, bytes memory input) external view returns (bytes memory) {
        return Inference.run(modelId, input);
    }

    function readInt8(bytes memory output, uint256 offset) external pure returns (int8) {
        return Inference.readInt8(output, offset);
    }

    function readInt64(bytes memory output, uint256 offset) external pure returns (int64) {
        return Inference.readInt64(output, offset);
    }

    function decodeInt16(bytes memory output, uint256 offset, uint256 count) external pure returns (int16[] memory) {
        return Inference.decodeInt16(output, offset, count);
    }
}

contract InferenceRunTest is Test {
    bytes32 internal constant MODEL = keccak256("model");
    MockInference internal constant MOCK = MockInference(INFERENCE_PRECOMPILE);
    InferenceCaller internal caller = new InferenceCaller();

    function setUp() public {
        vm.etch(INFERENCE_PRECOMPILE, type(MockInference).runtimeCode);
        MOCK.activate(MODEL, 4);
    }

    function testRunsTheModel() public {
        MOCK.answer(MODEL, hex"01020304", hex"ff9c");
        vm.assertEq(caller.run(MODEL, hex"01020304"), hex"ff9c");
    }

    function testFuzzPassesAnyInputAndOutputUnchanged(bytes32 modelId, bytes memory input, bytes memory output) public {
        vm.assume(input.length > 0 && output.length > 0);
        // The mock would take such an id for a call of its own functions, which fuzzing knows of.
        bytes4 head = bytes4(modelId);
        vm.assume(head != MockInference.activate.selector && head != MockInference.answer.selector);
        vm.assume(head != MockInference.refuse.selector);
        MOCK.activate(modelId, input.length);
        MOCK.answer(modelId, input, output);
        vm.assertEq(caller.run(modelId, input), output);
    }

    function testBubblesAnInactiveModel() public {
        vm.expectRevert(abi.encodeWithSelector(InferenceErrors.ModelNotActive.selector, bytes32(uint256(7))));
        caller.run(bytes32(uint256(7)), hex"01020304");
    }

    function testBubblesAWrongLength() public {
        vm.expectRevert(abi.encodeWithSelector(InferenceErrors.InputLength.selector, 4, 3));
        caller.run(MODEL, hex"010203");
    }

    function testBubblesALaneOutOfRange() public {
        bytes memory reason = abi.encodeWithSelector(InferenceErrors.InputOutOfRange.selector, 2);
        MOCK.refuse(MODEL, hex"01020304", reason);
        vm.expectRevert(reason);
        caller.run(MODEL, hex"01020304");
    }

    function testNamesTheModelWhereNoReasonIsGiven() public {
        // INVALID: consumes all gas and gives no reason, as the precompile does when gas falls short.
        vm.etch(INFERENCE_PRECOMPILE, hex"fe");
        vm.expectRevert(abi.encodeWithSelector(Inference.Inference_Failed.selector, MODEL));
        caller.run(MODEL, hex"01020304");
    }

    function testNamesAChainWithoutThePrecompile() public {
        vm.etch(INFERENCE_PRECOMPILE, "");
        vm.expectRevert(abi.encodeWithSelector(Inference.Inference_Unavailable.selector));
        caller.run(MODEL, hex"01020304");
    }
}

contract InferenceLanesTest is Test {
    InferenceCaller internal caller = new InferenceCaller();

    function testEncodesBigEndianTwosComplement() public pure {
        int16[] memory lanes = new int16[](4);
        (lanes[0], lanes[1], lanes[2], lanes[3]) = (1, -1, type(int16).max, type(int16).min);
        vm.assertEq(Inference.encodeInt16(lanes), hex"0001ffff7fff8000");
    }

    function testEncodesNoLanesAsNothing() public pure {
        vm.assertEq(Inference.encodeInt64(new int64[](0)), "");
        vm.assertEq(Inference.encodeUint8AsInt16(""), "");
    }

    function testFuzzEncodeInt8(int8[] memory lanes) public pure {
        int256[] memory wide = new int256[](lanes.length);
        for (uint256 i = 0; i < lanes.length; i++) {
            wide[i] = lanes[i];
        }
        bytes memory encoded = Inference.encodeInt8(lanes);
        vm.assertEq(encoded, InferenceReference.encode(wide, 1));
        for (uint256 i = 0; i < lanes.length; i++) {
            vm.assertEq(int256(Inference.readInt8(encoded, i)), wide[i]);
        }
        vm.assertEq(abi.encode(Inference.decodeInt8(encoded, 0, lanes.length)), abi.encode(lanes));
    }

    function testFuzzEncodeInt16(int16[] memory lanes) public pure {
        int256[] memory wide = new int256[](lanes.length);
        for (uint256 i = 0; i < lanes.length; i++) {
            wide[i] = lanes[i];
        }
        bytes memory encoded = Inference.encodeInt16(lanes);
        vm.assertEq(encoded, InferenceReference.encode(wide, 2));
        for (uint256 i = 0; i < lanes.length; i++) {
            vm.assertEq(int256(Inference.readInt16(encoded, 2 * i)), wide[i]);
        }
        vm.assertEq(abi.encode(Inference.decodeInt16(encoded, 0, lanes.length)), abi.encode(lanes));
    }

    function testFuzzEncodeInt32(int32[] memory lanes) public pure {
        int256[] memory wide = new int256[](lanes.length);
        for (uint256 i = 0; i < lanes.length; i++) {
            wide[i] = lanes[i];
        }
        bytes memory encoded = Inference.encodeInt32(lanes);
        vm.assertEq(encoded, InferenceReference.encode(wide, 4));
        for (uint256 i = 0; i < lanes.length; i++) {
            vm.assertEq(int256(Inference.readInt32(encoded, 4 * i)), wide[i]);
        }
        vm.assertEq(abi.encode(Inference.decodeInt32(encoded, 0, lanes.length)), abi.encode(lanes));
    }

    function testFuzzEncodeInt64(int64[] memory lanes) public pure {
        int256[] memory wide = new int256[](lanes.length);
        for (uint256 i = 0; i < lanes.length; i++) {
            wide[i] = lanes[i];
        }
        bytes memory encoded = Inference.encodeInt64(lanes);
        vm.assertEq(encoded, InferenceReference.encode(wide, 8));
        for (uint256 i = 0; i < lanes.length; i++) {
            vm.assertEq(int256(Inference.readInt64(encoded, 8 * i)), wide[i]);
        }
        vm.assertEq(abi.encode(Inference.decodeInt64(encoded, 0, lanes.length)), abi.encode(lanes));
    }

    function testFuzzEncodeUint8AsInt16(bytes memory values) public pure {
        int256[] memory wide = new int256[](values.length);
        for (uint256 i = 0; i < values.length; i++) {
            wide[i] = int256(uint256(uint8(values[i])));
        }
        vm.assertEq(Inference.encodeUint8AsInt16(values), InferenceReference.encode(wide, 2));
    }

    function testFuzzReadsAtAnyOffset(bytes memory output, uint256 offset) public pure {
        vm.assume(output.length >= 8);
        offset = bound(offset, 0, output.length - 8);
        vm.assertEq(int256(Inference.readInt8(output, offset)), InferenceReference.decode(output, offset, 1));
        vm.assertEq(int256(Inference.readInt16(output, offset)), InferenceReference.decode(output, offset, 2));
        vm.assertEq(int256(Inference.readInt32(output, offset)), InferenceReference.decode(output, offset, 4));
        vm.assertEq(int256(Inference.readInt64(output, offset)), InferenceReference.decode(output, offset, 8));
    }

    function testFuzzNeverReadsPastTheOutput(bytes memory output, uint256 offset) public {
        vm.assume(offset >= output.length);
        vm.expectRevert(abi.encodeWithSelector(Inference.Inference_LaneOutOfBounds.selector, offset, 1, output.length));
        caller.readInt8(output, offset);
        vm.expectRevert(abi.encodeWithSelector(Inference.Inference_LaneOutOfBounds.selector, offset, 8, output.length));
        caller.readInt64(output, offset);
    }

    function testFuzzDecodesAnyRunOfLanes(bytes memory output, uint256 offset, uint256 count) public pure {
        offset = bound(offset, 0, output.length);
        count = bound(count, 0, (output.length - offset) / 4);
        int32[] memory lanes = Inference.decodeInt32(output, offset, count);
        vm.assertEq(lanes.length, count);
        for (uint256 i = 0; i < count; i++) {
            vm.assertEq(int256(lanes[i]), InferenceReference.decode(output, offset + 4 * i, 4));
        }
    }

    function testFuzzNeverDecodesPastTheOutput(bytes memory output, uint256 offset, uint256 count) public {
        offset = bound(offset, 0, 2 * output.length);
        uint256 whole = offset > output.length ? 0 : (output.length - offset) / 2;
        count = bound(count, whole + 1, type(uint256).max);
        bytes4 selector = Inference.Inference_LaneOutOfBounds.selector;
        vm.expectRevert(abi.encodeWithSelector(selector, offset + 2 * whole, 2, output.length));
        caller.decodeInt16(output, offset, count);
    }

    function testNeverReadsHalfALane() public {
        vm.expectRevert(abi.encodeWithSelector(Inference.Inference_LaneOutOfBounds.selector, 1, 8, 8));
        caller.readInt64(hex"0000000000000000", 1);
    }

    function testEncodingLeavesMemoryBehindItUsable() public pure {
        bytes memory encoded = Inference.encodeInt8(new int8[](33));
        uint256[] memory next = new uint256[](4);
        for (uint256 i = 0; i < 4; i++) {
            vm.assertEq(next[i], 0);
        }
        next[0] = type(uint256).max;
        vm.assertEq(encoded, new bytes(33));
    }

    /// @dev Holds the figures in the library's NatSpec.
    function testGasOfEncodingAnImage() public view {
        int16[] memory lanes = new int16[](784);
        int256[] memory wide = new int256[](784);
        bytes memory values = new bytes(784);
        uint256 fast = gasleft();
        Inference.encodeInt16(lanes);
        fast -= gasleft();
        uint256 bytewise = gasleft();
        Inference.encodeUint8AsInt16(values);
        bytewise -= gasleft();
        uint256 plain = gasleft();
        InferenceReference.encode(wide, 2);
        plain -= gasleft();
        vm.assertTrue(fast < 70_000);
        vm.assertTrue(bytewise < 11_000);
        vm.assertTrue(plain > 900_000);
    }

    /// @dev Holds the figures in the library's NatSpec.
    function testGasOfDecodingAThousandLanes() public view {
        bytes memory output = new bytes(4000);
        uint256 fast = gasleft();
        Inference.decodeInt32(output, 0, 1000);
        fast -= gasleft();
        uint256 single = gasleft();
        for (uint256 i = 0; i < 1000; i++) {
            Inference.readInt32(output, 4 * i);
        }
        single -= gasleft();
        uint256 plain = gasleft();
        InferenceReference.decode(output, 0, 4);
        plain -= gasleft();
        vm.assertTrue(fast < 95_000);
        vm.assertTrue(single > 400_000);
        vm.assertTrue(1000 * plain > 900_000);
    }
}
