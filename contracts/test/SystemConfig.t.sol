// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { SystemConfig } from "../l1/SystemConfig.sol";
import { RecordedLog, Test } from "./support/Test.sol";

contract SystemConfigTest is Test {
    SystemConfig internal config;
    address internal constant BATCHER = address(0xba7c);

    function setUp() public {
        config = new SystemConfig(address(this), BATCHER, 60_000_000);
    }

    function testStartsWithItsValuesAnnounced() public {
        vm.recordLogs();
        config = new SystemConfig(address(this), BATCHER, 60_000_000);
        RecordedLog[] memory logs = vm.getRecordedLogs();
        bytes32 batcherHash = bytes32(uint256(uint160(BATCHER)));
        vm.assertEq(config.owner(), address(this));
        vm.assertEq(config.batcherHash(), batcherHash);
        vm.assertEq(config.gasLimit(), 60_000_000);
        vm.assertEq(logs.length, 3);
        vm.assertEq(logs[1].topics[0], keccak256("ConfigUpdate(uint256,uint8,bytes)"));
        vm.assertEq(logs[1].topics[2], bytes32(uint256(0)));
        vm.assertEq(logs[1].data, abi.encode(abi.encode(batcherHash)));
        vm.assertEq(logs[2].topics[2], bytes32(uint256(2)));
        vm.assertEq(logs[2].data, abi.encode(abi.encode(uint256(60_000_000))));
    }

    function testFuzzSetsTheBatcher(bytes32 batcherHash) public {
        vm.expectEmit(address(config));
        emit SystemConfig.ConfigUpdate(0, SystemConfig.UpdateType.BATCHER, abi.encode(batcherHash));
        config.setBatcherHash(batcherHash);
        vm.assertEq(config.batcherHash(), batcherHash);
    }

    function testFuzzSetsTheGasLimitWithinItsRange(uint64 gasLimit) public {
        if (gasLimit < 21_000_000 || gasLimit > 500_000_000) {
            vm.expectRevert(
                abi.encodeWithSelector(
                    SystemConfig.SystemConfig_GasLimitRange.selector, 21_000_000, 500_000_000, gasLimit
                )
            );
            config.setGasLimit(gasLimit);
            gasLimit = uint64(bound(gasLimit, 21_000_000, 500_000_000));
        }
        config.setGasLimit(gasLimit);
        vm.assertEq(config.gasLimit(), gasLimit);
    }

    function testFuzzOnlyTheOwnerActs(address stranger) public {
        vm.assume(stranger != address(this));
        bytes memory reason = abi.encodeWithSelector(SystemConfig.SystemConfig_NotOwner.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        config.setBatcherHash(0);
        vm.expectRevert(reason);
        config.setGasLimit(60_000_000);
        vm.expectRevert(reason);
        config.transferOwnership(stranger);
        vm.stopPrank();
    }

    function testHandsOverButNeverToNobody() public {
        vm.expectRevert(abi.encodeWithSelector(SystemConfig.SystemConfig_ZeroOwner.selector));
        config.transferOwnership(address(0));
        config.transferOwnership(BATCHER);
        vm.assertEq(config.owner(), BATCHER);
    }
}
