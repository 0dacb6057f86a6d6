import { existsSync } from 'node:fs'

/** Where Debian's chromium keeps its Vulkan driver for CPUs. */
const ICD_FILE = '/usr/lib/chromium/vk_swiftshader_icd.json'
/** The Vulkan loader, of Debian's libvulkan1. */
const LOADERS = ['/usr/lib/x86_64-linux-gnu/libvulkan.so.1', '/usr/lib/aarch64-linux-gnu/libvulkan.so.1']

/** Whether WebGPU can be tested here: by a driver that the environment names, or by SwiftShader. */
export function hasVulkan(): boolean {
  return process.env.VK_DRIVER_FILES !== undefined || (existsSync(ICD_FILE) && LOADERS.some(existsSync))
}

/** What to do where {@link hasVulkan} says no. */
export const VULKAN_MEND =
  'WebGPU needs a Vulkan driver: run .ci/install-test-machines for one that needs no GPU, or name yours in VK_DRIVER_FILES'

/** Lets ONNX Runtime find SwiftShader in this process and those that it starts, unless the environment names another driver. */
export function useSwiftShader(): void {
  if (!hasVulkan()) throw new Error(VULKAN_MEND)
  process.env.VK_DRIVER_FILES ??= ICD_FILE
  // Without one the driver warns on every start.
  process.env.XDG_RUNTIME_DIR ??= '/tmp'
}
