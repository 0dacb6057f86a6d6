// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// Generated from the limits in node/exact, node/protocol and node/prover by contracts/scripts/build.ts; do not edit.

uint256 constant CHUNK_BYTES = 256;
uint256 constant MAX_CHECKS = 6;
uint256 constant MAX_EPILOGUE_OPS = 8;
uint256 constant MAX_FAN_IN = 4194304;
uint256 constant MAX_IO_TENSORS = 64;
uint256 constant MAX_LANES = 67108864;
uint256 constant MAX_LOOPS = 12;
uint256 constant MAX_MOVE_OPERANDS = 8;
uint256 constant MAX_NEST_OPERANDS = 4;
uint256 constant MAX_OPENING_BYTES = 16384;
uint256 constant MAX_OUTPUTS = 64;
uint256 constant MAX_RANK = 6;
uint256 constant MAX_RUN = 128;
uint256 constant MAX_STEP_LANES = 64;
uint256 constant MAX_WITNESS_BYTES = 32768;
uint256 constant VALUE_TREE_DEPTH = 16;
