/**
 * The closed list of exact kernels of the CPU emitter: what each does with which element types. A kernel that is not here
 * is not emitted; each entry is held to the reference by a start-up vector.
 */
export const KERNEL_NAMES = [
  // contractions with requantisation, in one pass over bytes
  'qlinear-conv-u8s8',
  'qgemm-u8s8',
  // contractions: u8 × s8 or u8 × u8 with an int32 accumulator, float32 within 2^24, float64 within 2^53
  'matmul-integer-u8s8',
  'matmul-integer-u8u8',
  'matmul-float32',
  'matmul-float64',
  'im2col-integer-u8s8',
  'im2col-integer-u8u8',
  'conv-float32',
  'im2col-float32',
  'im2col-float64',
  // pooling
  'depthwise-conv-float32',
  'gather-sum-float64',
  'nhwc-max-pool-uint8',
  'max-pool-float32',
  'max-pool-float64',
  'gather-max-float64',
  // lane by lane
  'add-float32',
  'add-int32',
  'add-float64',
  'sub-float32',
  'sub-int32',
  'sub-float64',
  'mul-float32',
  'mul-int32',
  'mul-float64',
  'min-float32',
  'min-int32',
  'min-float64',
  'max-float32',
  'max-int32',
  'max-float64',
  'clip-float32',
  'clip-int32',
  'clip-float64',
  'shift-left-float32',
  'shift-left-int32',
  'shift-left-float64',
  'shift-right-float32',
  'shift-right-float64',
  // reductions
  'reduce-sum-float32',
  'reduce-sum-int32',
  'reduce-sum-float64',
  'reduce-max-float32',
  'reduce-max-int32',
  'reduce-max-float64',
  'reduce-min-float32',
  'reduce-min-int32',
  'reduce-min-float64',
  'argmax-float32',
  'argmax-int32',
  'argmax-float64',
  // movement, in any element type
  'gather',
  'reshape',
  'transpose',
  'slice',
  'pad',
  'concat',
  'expand',
] as const

/** Name of an exact kernel. */
export type KernelName = (typeof KERNEL_NAMES)[number]
