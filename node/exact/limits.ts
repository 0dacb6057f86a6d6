/**
 * Static caps of profile 1. All are checked from shapes and counts alone, before anything of that size is allocated.
 * They are consensus: a change is a new profile.
 */

/** Greatest rank of any tensor. */
export const MAX_RANK = 6
/** Greatest number of ops in a graph. */
export const MAX_OPS = 8192
/** Greatest number of declared inputs. */
export const MAX_INPUTS = 64
/** Greatest number of declared outputs. */
export const MAX_OUTPUTS = 64
/** Greatest number of constants. */
export const MAX_CONSTANTS = 16_384
/** Greatest number of values: inputs, constants and op results. Fits 16 bits. */
export const MAX_VALUES = MAX_INPUTS + MAX_CONSTANTS + MAX_OPS
/** Greatest number of operands of one op (concat). */
export const MAX_OPERANDS = 1024
/** Greatest number of lanes of one tensor. */
export const MAX_LANES = 2 ** 26
/** Greatest number of lanes of all inputs, constants and op results together. */
export const MAX_TOTAL_LANES = 2 ** 30
/** Greatest number of terms folded by all contractions, poolings and reductions together. */
export const MAX_MACS = 2 ** 37
/** Greatest number of terms folded into one lane. */
export const MAX_FAN_IN = 2 ** 22
/** Greatest size of all constants together, in bytes at their lane widths. */
export const MAX_CONSTANT_BYTES = 2 ** 28
/** Greatest size of a graph's canonical bytes: the constants and room for everything else. */
export const MAX_GRAPH_BYTES = MAX_CONSTANT_BYTES + 2 ** 23
/** Greatest memory in use at once, in bytes (see `peakMemory`). */
export const MAX_PEAK_BYTES = 2 ** 31
/**
 * The check may read this many times the lanes of all constants, and {@link FREE_CONSTANT_READS} lanes more. A constant
 * is read once for its range and once for each distinct range of the tensor that it is contracted with.
 */
export const MAX_CONSTANT_PASSES = 16
/** See {@link MAX_CONSTANT_PASSES}. */
export const FREE_CONSTANT_READS = 2 ** 24
