// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Inference, InferenceErrors } from "assay/l2/Inference.sol";

/// @title TwoModels
/// @notice A dapp such as a user would write: asks two models within one transaction and keeps their answers.
contract TwoModels is InferenceErrors {
    event Answered(uint256 indexed askId, address indexed asker, int32 risk, int8 digit);

    bytes32 public immutable riskModel;
    bytes32 public immutable digitModel;
    uint256 public askCount;
    int32 public lastRisk;
    int8 public lastDigit;

    constructor(bytes32 riskModel_, bytes32 digitModel_) {
        riskModel = riskModel_;
        digitModel = digitModel_;
    }

    /// @notice Asks both models about encoded inputs.
    function ask(bytes calldata columns, bytes calldata pixels) external returns (int32 risk, int8 digit) {
        risk = Inference.readInt32(Inference.run(riskModel, columns), 0);
        digit = Inference.readInt8(Inference.run(digitModel, pixels), 0);
        (lastRisk, lastDigit) = (risk, digit);
        emit Answered(askCount++, msg.sender, risk, digit);
    }

    /// @notice Any model's bare output.
    function run(bytes32 modelId, bytes calldata input) external view returns (bytes memory) {
        return Inference.run(modelId, input);
    }
}
