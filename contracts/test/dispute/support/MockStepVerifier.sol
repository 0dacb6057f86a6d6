// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IStepVerifier } from "../../../l1/step/IStepVerifier.sol";

/// @notice A machine for tests. State t is keccak256(key, t), so that anyone can compute any state of any run.
/// @param steps Steps T.
/// @param trapsAt Step after which it is trapped; 0 where it never is.
struct MockProgram {
    uint64 steps;
    uint64 trapsAt;
}

/// @title MockStepVerifier
/// @notice Judges steps of {MockProgram}s: each run has a key, which follows from model and input. A false run is one with another
///         key: its states are as well-formed as the true ones, and follow from each other, but not from the start.
contract MockStepVerifier is IStepVerifier {
    error MockStepVerifier_InputMismatch();
    error MockStepVerifier_BadWitness();

    bytes32 internal constant MANIFEST_DOMAIN = keccak256("mock manifest");
    bytes32 public constant TRAP = keccak256("mock trap");
    uint32 public immutable profile;

    constructor(uint32 itsProfile) {
        profile = itsProfile;
    }

    function start(bytes calldata manifest, bytes32 inputRoot, bytes32[] calldata roots, bytes32[] calldata)
        external
        pure
        returns (bytes32 modelId, bytes32 programRoot, uint64 steps, bytes32 startState)
    {
        require(inputRootOf(roots) == inputRoot, MockStepVerifier_InputMismatch());
        MockProgram memory program = abi.decode(manifest[36:], (MockProgram));
        modelId = keccak256(manifest);
        return (modelId, programRootOf(program), program.steps, stateOf(keyOf(modelId, inputRoot), 0));
    }

    function haltState(bytes32 outputRoot) public pure returns (bytes32) {
        return keccak256(abi.encode("mock halt", outputRoot));
    }

    function step(bytes32 programRoot, bytes32 preState, uint64 t, bytes calldata witness)
        external
        pure
        returns (bytes32)
    {
        // Halting and trapping absorb.
        if (preState == TRAP) return TRAP;
        (MockProgram memory program, bytes32 key) = abi.decode(witness, (MockProgram, bytes32));
        bool opens = programRootOf(program) == programRoot && stateOf(key, t) == preState;
        require(opens, MockStepVerifier_BadWitness());
        return traceState(program, key, t + 1);
    }

    /// @dev State of the run with this key.
    function traceState(MockProgram memory program, bytes32 key, uint256 t) public pure returns (bytes32) {
        if (program.trapsAt != 0 && t >= program.trapsAt) return TRAP;
        return t == program.steps ? haltState(outputRootOf(key)) : stateOf(key, t);
    }

    function stateOf(bytes32 key, uint256 t) public pure returns (bytes32) {
        return keccak256(abi.encode("mock state", key, t));
    }

    function outputRootOf(bytes32 key) public pure returns (bytes32) {
        return keccak256(abi.encode("mock output", key));
    }

    function keyOf(bytes32 modelId, bytes32 inputRoot) public pure returns (bytes32) {
        return keccak256(abi.encode("mock run", modelId, inputRoot));
    }

    function inputRootOf(bytes32[] memory roots) public pure returns (bytes32) {
        return keccak256(abi.encode("mock input", roots));
    }

    function programRootOf(MockProgram memory program) public pure returns (bytes32) {
        return keccak256(abi.encode("mock program", program));
    }

    function manifestOf(MockProgram memory program) external view returns (bytes memory) {
        return abi.encodePacked(MANIFEST_DOMAIN, profile, abi.encode(program));
    }

    function witnessOf(MockProgram memory program, bytes32 key) external pure returns (bytes memory) {
        return abi.encode(program, key);
    }
}
