// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { InferenceErrors } from "../l2/Inference.sol";
import { DigitsModel } from "./DigitsModel.sol";

/// @title DigitReader
/// @notice Reads handwritten digits: an image goes in with the transaction, the digit is known when it ends.
/// @dev An example to copy. Inherits InferenceErrors so that the precompile's errors are in the ABI.
contract DigitReader is InferenceErrors {
    /// @notice One digit that was read.
    /// @param reader Who asked.
    /// @param digit What the model sees, 0 … 9.
    /// @param score The model's score of that digit; the greater, the surer.
    struct Reading {
        address reader;
        uint8 digit;
        int32 score;
    }

    /// @notice The image is not 28 × 28 grey levels of one byte.
    error DigitReader_ImageSize(uint256 expected, uint256 got);

    /// @notice A digit was read from the image with this hash.
    event DigitRead(uint256 indexed readingId, address indexed reader, uint8 digit, bytes32 imageHash);

    /// @notice Bytes of an image: 28 rows of 28 grey levels, 0 black to 255 white.
    uint256 public constant IMAGE_BYTES = 28 * 28;

    /// @notice The model that reads.
    bytes32 public immutable modelId;

    /// @notice All readings, by id.
    Reading[] public readings;

    constructor(bytes32 modelId_) {
        modelId = modelId_;
    }

    /// @notice Reads the digit in an image and keeps the answer.
    function read(bytes calldata image) external returns (uint256 readingId, uint8 digit) {
        int32 score;
        (digit, score) = look(image);
        readingId = readings.length;
        readings.push(Reading(msg.sender, digit, score));
        emit DigitRead(readingId, msg.sender, digit, keccak256(image));
    }

    /// @notice Number of readings so far.
    function readingCount() external view returns (uint256) {
        return readings.length;
    }

    /// @notice What {read} would answer, without keeping it.
    function look(bytes calldata image) public view returns (uint8 digit, int32 score) {
        // INVARIANT: the model is only asked about images.
        require(image.length == IMAGE_BYTES, DigitReader_ImageSize(IMAGE_BYTES, image.length));
        DigitsModel.Output memory seen = DigitsModel.run(modelId, DigitsModel.Input(image));
        digit = seen.digit;
        score = seen.scores[digit];
    }
}
