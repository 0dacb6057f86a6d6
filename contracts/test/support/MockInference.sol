// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { InferenceErrors } from "../../l2/Inference.sol";

/// @title MockInference
/// @notice Stands in for the inference precompile, which Foundry's local EVM does not have. Place it in a test's setUp:
///
///         vm.etch(INFERENCE_PRECOMPILE, type(MockInference).runtimeCode);
///         MockInference(INFERENCE_PRECOMPILE).activate(modelId, inputBytes);
///         MockInference(INFERENCE_PRECOMPILE).answer(modelId, input, output);
///
///         It checks activity and input length as the precompile does, then gives the prepared answer.
contract MockInference is InferenceErrors {
    /// @notice The test prepared no answer to this input.
    error MockInference_NoAnswer(bytes32 modelId, bytes input);
    /// @notice Call data shorter than a model id.
    error MockInference_CallTooShort(uint256 got);

    struct Answer {
        bool known;
        bytes output;
        bytes revertData;
    }

    mapping(bytes32 modelId => uint256 inputBytes) private _inputBytes;
    mapping(bytes32 modelId => mapping(bytes32 inputHash => Answer prepared)) private _answers;

    /// @notice Call data: modelId, then the input. Returns the output.
    fallback(bytes calldata call) external returns (bytes memory) {
        require(call.length >= 32, MockInference_CallTooShort(call.length));
        bytes32 modelId = bytes32(call[:32]);
        bytes calldata input = call[32:];
        uint256 expected = _inputBytes[modelId];
        require(expected != 0, ModelNotActive(modelId));
        require(input.length == expected, InputLength(expected, input.length));
        Answer storage prepared = _answers[modelId][keccak256(input)];
        require(prepared.known, MockInference_NoAnswer(modelId, input));
        if (prepared.revertData.length > 0) _revertWith(prepared.revertData);
        return prepared.output;
    }

    /// @notice Makes a model active, with inputs of so many bytes.
    function activate(bytes32 modelId, uint256 inputBytes) external {
        _inputBytes[modelId] = inputBytes;
    }

    /// @notice Prepares the output to one input. An empty output is what a chain without the precompile gives.
    function answer(bytes32 modelId, bytes calldata input, bytes calldata output) external {
        _answers[modelId][keccak256(input)] = Answer(true, output, "");
    }

    /// @notice Prepares a revert on one input, such as abi.encodeWithSelector(InputOutOfRange.selector, index).
    function refuse(bytes32 modelId, bytes calldata input, bytes calldata revertData) external {
        _answers[modelId][keccak256(input)] = Answer(true, "", revertData);
    }

    function _revertWith(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
