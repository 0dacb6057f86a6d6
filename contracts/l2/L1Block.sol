// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { L1_ATTRIBUTES_DEPOSITOR } from "../shared/Constants.sol";

/// @title L1Block
/// @notice Predeploy that tells contracts which L1 block their L2 block rests on. The L1 attributes transaction, first in
///         every L2 block, updates it. ABI and storage layout are those of the OP Stack.
contract L1Block {
    /// @notice Only the L1 attributes transaction may set the values.
    error L1Block_NotDepositor(address caller);
    /// @notice The packed call data has another length than the Ecotone layout.
    error L1Block_CalldataSize(uint256 expected, uint256 got);

    /// @dev Selector and ten packed fields; see {setL1BlockValuesEcotone}.
    uint256 internal constant ECOTONE_CALLDATA_BYTES = 164;

    /// @notice L1 block number.
    uint64 public number;
    /// @notice L1 block time, in seconds.
    uint64 public timestamp;
    /// @notice L1 base fee, in wei per gas.
    uint256 public basefee;
    /// @notice L1 block hash.
    bytes32 public hash;
    /// @notice Place of this L2 block among those with the same L1 block, from 0.
    uint64 public sequenceNumber;
    /// @notice Scalar of the L1 blob base fee.
    uint32 public blobBaseFeeScalar;
    /// @notice Scalar of the L1 base fee.
    uint32 public baseFeeScalar;
    /// @notice The batcher's address as the system config versions it.
    bytes32 public batcherHash;
    /// @notice Fee parameter of an older layout; always zero.
    uint256 public l1FeeOverhead;
    /// @notice Fee parameter of an older layout; always zero.
    uint256 public l1FeeScalar;
    /// @notice L1 blob base fee, in wei per blob gas.
    uint256 public blobBaseFee;

    /// @notice Sets all values from call data packed as: selector, uint32 baseFeeScalar, uint32 blobBaseFeeScalar,
    ///         uint64 sequenceNumber, uint64 timestamp, uint64 number, uint256 basefee, uint256 blobBaseFee, bytes32 hash,
    ///         bytes32 batcherHash.
    function setL1BlockValuesEcotone() external {
        // INVARIANT: the values come from derivation alone.
        require(msg.sender == L1_ATTRIBUTES_DEPOSITOR, L1Block_NotDepositor(msg.sender));
        require(
            msg.data.length == ECOTONE_CALLDATA_BYTES, L1Block_CalldataSize(ECOTONE_CALLDATA_BYTES, msg.data.length)
        );
        baseFeeScalar = uint32(bytes4(msg.data[4:8]));
        blobBaseFeeScalar = uint32(bytes4(msg.data[8:12]));
        sequenceNumber = uint64(bytes8(msg.data[12:20]));
        timestamp = uint64(bytes8(msg.data[20:28]));
        number = uint64(bytes8(msg.data[28:36]));
        basefee = uint256(bytes32(msg.data[36:68]));
        blobBaseFee = uint256(bytes32(msg.data[68:100]));
        hash = bytes32(msg.data[100:132]);
        batcherHash = bytes32(msg.data[132:164]);
    }

    /// @notice The account that sends the L1 attributes transaction.
    function DEPOSITOR_ACCOUNT() external pure returns (address) {
        return L1_ATTRIBUTES_DEPOSITOR;
    }

    /// @notice Version of the ABI, as the OP Stack counts it.
    function version() external pure returns (string memory) {
        return "1.5.1";
    }
}
