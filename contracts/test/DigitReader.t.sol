// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { DigitReader } from "../demo/DigitReader.sol";
import { InferenceErrors } from "../l2/Inference.sol";
import { INFERENCE_PRECOMPILE } from "../shared/Constants.sol";
import { InferenceReference } from "./support/InferenceReference.sol";
import { MockInference } from "./support/MockInference.sol";
import { Test } from "./support/Test.sol";

contract DigitReaderTest is Test {
    bytes32 internal constant MODEL = keccak256("digits");
    MockInference internal constant MOCK = MockInference(INFERENCE_PRECOMPILE);
    DigitReader internal reader;

    function setUp() public {
        vm.etch(INFERENCE_PRECOMPILE, type(MockInference).runtimeCode);
        MOCK.activate(MODEL, 2 * 784);
        reader = new DigitReader(MODEL);
    }

    /// @dev An image of noise, and the model's input for it.
    function imageOf(uint256 seed) internal pure returns (bytes memory image, bytes memory input) {
        image = new bytes(784);
        int256[] memory lanes = new int256[](784);
        for (uint256 i = 0; i < 784; i++) {
            image[i] = bytes1(uint8(uint256(keccak256(abi.encode(seed, i)))));
            lanes[i] = int256(uint256(uint8(image[i])));
        }
        input = InferenceReference.encode(lanes, 2);
    }

    /// @dev The model's output: the digit, and scores −100, −99, … with `best` for the digit.
    function outputOf(uint8 digit, int32 best) internal pure returns (bytes memory output) {
        output = abi.encodePacked(digit);
        for (uint256 i = 0; i < 10; i++) {
            output = abi.encodePacked(output, i == digit ? best : int32(int256(i)) - 100);
        }
    }

    function testFuzzReadsAndKeepsADigit(uint256 seed, uint8 digit, int32 score) public {
        digit = digit % 10;
        (bytes memory image, bytes memory input) = imageOf(seed);
        MOCK.answer(MODEL, input, outputOf(digit, score));
        vm.expectEmit(address(reader));
        emit DigitReader.DigitRead(0, address(this), digit, keccak256(image));
        (uint256 id, uint8 answer) = reader.read(image);
        vm.assertEq(answer, digit);
        (address asker, uint8 kept, int32 keptScore) = reader.readings(id);
        vm.assertEq(asker, address(this));
        vm.assertEq(kept, digit);
        vm.assertEq(keptScore, score);
        vm.assertEq(reader.readingCount(), 1);
    }

    function testLookKeepsNothing() public {
        (bytes memory image, bytes memory input) = imageOf(1);
        MOCK.answer(MODEL, input, outputOf(7, 500));
        (uint8 digit, int32 score) = reader.look(image);
        vm.assertEq(digit, 7);
        vm.assertEq(score, 500);
        vm.assertEq(reader.readingCount(), 0);
    }

    function testFuzzRefusesAnotherSize(uint256 size) public {
        size = bound(size, 0, 2000);
        vm.assume(size != 784);
        vm.expectRevert(abi.encodeWithSelector(DigitReader.DigitReader_ImageSize.selector, 784, size));
        reader.read(new bytes(size));
    }

    function testBubblesThePrecompilesErrors() public {
        DigitReader other = new DigitReader(bytes32(uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(InferenceErrors.ModelNotActive.selector, bytes32(uint256(1))));
        other.read(new bytes(784));
    }
}
