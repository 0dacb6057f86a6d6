// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One event that a test recorded.
struct RecordedLog {
    bytes32[] topics;
    bytes data;
    address emitter;
}

/// @notice What the last call that a test made cost, as a transaction of its own where the test is isolated.
struct GasUsed {
    uint64 gasLimit;
    uint64 gasTotalUsed;
    uint64 gasMemoryUsed;
    int64 gasRefunded;
    uint64 gasRemaining;
}

/// @title Vm
/// @notice The part of Foundry's cheatcodes that the tests use.
interface Vm {
    function assertEq(bool left, bool right) external pure;
    function assertEq(uint256 left, uint256 right) external pure;
    function assertEq(int256 left, int256 right) external pure;
    function assertEq(address left, address right) external pure;
    function assertEq(bytes32 left, bytes32 right) external pure;
    function assertEq(bytes calldata left, bytes calldata right) external pure;
    function assertEq(string calldata left, string calldata right) external pure;
    function assertTrue(bool condition) external pure;
    function assertFalse(bool condition) external pure;
    function assume(bool condition) external pure;
    function deal(address account, uint256 balance) external;
    function etch(address target, bytes calldata code) external;
    function expectEmit(address emitter) external;
    function expectRevert() external;
    function expectRevert(bytes calldata revertData) external;
    function expectRevert(bytes4 selector) external;
    function fee(uint256 baseFee) external;
    function getRecordedLogs() external returns (RecordedLog[] memory);
    function lastCallGas() external view returns (GasUsed memory);
    function load(address target, bytes32 slot) external view returns (bytes32);
    function prank(address sender) external;
    function prank(address sender, address origin) external;
    function recordLogs() external;
    function revertToState(uint256 snapshot) external returns (bool);
    function roll(uint256 blockNumber) external;
    function setBlockhash(uint256 blockNumber, bytes32 blockHash) external;
    function snapshotState() external returns (uint256);
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
}

/// @title Test
/// @notice Base of all test contracts; forge runs each function whose name starts with `test`.
abstract contract Test {
    /// @dev The address at which Foundry answers cheatcodes.
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev Maps any number into [low, high], both inclusive.
    function bound(uint256 value, uint256 low, uint256 high) internal pure returns (uint256) {
        if (low == 0 && high == type(uint256).max) return value;
        return low + value % (high - low + 1);
    }
}
