// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Multicall3
/// @notice Makes several calls in one. ABI of the contract that tools expect at 0xcA11bde05977b3631167028862bE2a173976CA11
///         on every chain; it holds no funds and no state, and anyone may make it call anything.
contract Multicall3 {
    /// @notice A call that must succeed, unless the method says otherwise.
    struct Call {
        address target;
        bytes callData;
    }

    /// @notice A call that may be allowed to fail.
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    /// @notice A call that may be allowed to fail, with `value` wei.
    struct Call3Value {
        address target;
        bool allowFailure;
        uint256 value;
        bytes callData;
    }

    /// @notice What a call came back with; `returnData` is the revert data where it failed.
    struct Result {
        bool success;
        bytes returnData;
    }

    /// @notice Call `index` failed and was not allowed to.
    error Multicall3_CallFailed(uint256 index, bytes reason);
    /// @notice The calls' values do not add up to the value that was sent, in wei.
    error Multicall3_ValueMismatch(uint256 expected, uint256 got);

    /// @notice Makes the calls, all of which must succeed.
    function aggregate(Call[] calldata calls)
        external
        payable
        returns (uint256 blockNumber, bytes[] memory returnData)
    {
        blockNumber = block.number;
        returnData = new bytes[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            returnData[i] = _call(i, calls[i].target, 0, calls[i].callData, false).returnData;
        }
    }

    /// @notice Makes the calls; with `requireSuccess` all must succeed.
    function tryAggregate(bool requireSuccess, Call[] calldata calls)
        public
        payable
        returns (Result[] memory returnData)
    {
        returnData = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            returnData[i] = _call(i, calls[i].target, 0, calls[i].callData, !requireSuccess);
        }
    }

    /// @notice {tryAggregate}, and the block it ran in.
    function tryBlockAndAggregate(bool requireSuccess, Call[] calldata calls)
        public
        payable
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData)
    {
        blockNumber = block.number;
        blockHash = blockhash(block.number);
        returnData = tryAggregate(requireSuccess, calls);
    }

    /// @notice Makes the calls, all of which must succeed, and names the block they ran in.
    function blockAndAggregate(Call[] calldata calls)
        external
        payable
        returns (uint256 blockNumber, bytes32 blockHash, Result[] memory returnData)
    {
        return tryBlockAndAggregate(true, calls);
    }

    /// @notice Makes the calls, each of which says whether it may fail.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData) {
        returnData = new Result[](calls.length);
        for (uint256 i = 0; i < calls.length; i++) {
            returnData[i] = _call(i, calls[i].target, 0, calls[i].callData, calls[i].allowFailure);
        }
    }

    /// @notice Makes the calls with their values, which must add up to the value sent.
    function aggregate3Value(Call3Value[] calldata calls) external payable returns (Result[] memory returnData) {
        returnData = new Result[](calls.length);
        uint256 total = 0;
        for (uint256 i = 0; i < calls.length; i++) {
            total += calls[i].value;
            returnData[i] = _call(i, calls[i].target, calls[i].value, calls[i].callData, calls[i].allowFailure);
        }
        // INVARIANT: no wei stays here or is taken from here.
        require(msg.value == total, Multicall3_ValueMismatch(total, msg.value));
    }

    /// @notice Hash of one of the last 256 blocks; zero for any other.
    function getBlockHash(uint256 blockNumber) external view returns (bytes32 blockHash) {
        return blockhash(blockNumber);
    }

    /// @notice This block's number.
    function getBlockNumber() external view returns (uint256 blockNumber) {
        return block.number;
    }

    /// @notice The fee recipient of this block.
    function getCurrentBlockCoinbase() external view returns (address coinbase) {
        return block.coinbase;
    }

    /// @notice This block's randomness; named for what it was before proof of stake.
    function getCurrentBlockDifficulty() external view returns (uint256 difficulty) {
        return block.prevrandao;
    }

    /// @notice This block's gas limit.
    function getCurrentBlockGasLimit() external view returns (uint256 gaslimit) {
        return block.gaslimit;
    }

    /// @notice This block's Unix time, in seconds.
    function getCurrentBlockTimestamp() external view returns (uint256 timestamp) {
        return block.timestamp;
    }

    /// @notice Balance of an account, in wei.
    function getEthBalance(address account) external view returns (uint256 balance) {
        return account.balance;
    }

    /// @notice Hash of this block's parent.
    function getLastBlockHash() external view returns (bytes32 blockHash) {
        return blockhash(block.number - 1);
    }

    /// @notice This block's base fee, in wei per gas.
    function getBasefee() external view returns (uint256 basefee) {
        return block.basefee;
    }

    /// @notice Id of this chain.
    function getChainId() external view returns (uint256 chainid) {
        return block.chainid;
    }

    function _call(uint256 index, address target, uint256 value, bytes calldata callData, bool allowFailure)
        internal
        returns (Result memory result)
    {
        (result.success, result.returnData) = target.call{ value: value }(callData);
        // INVARIANT: a failure goes unnoticed only where the caller allowed it.
        require(result.success || allowFailure, Multicall3_CallFailed(index, result.returnData));
    }
}
