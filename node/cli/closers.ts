/** Things to close, in the reverse order of their opening. */
export class Closers {
  readonly #stack: (() => Promise<void> | void)[] = []
  #closing: Promise<void> | undefined

  /** Remembers how to close what was just opened. */
  add(close: () => Promise<void> | void): void {
    this.#stack.push(close)
  }

  /** Closes all of it, last first, each even when another fails; then rejects with the first failure. Safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = []
    for (let close = this.#stack.pop(); close !== undefined; close = this.#stack.pop()) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
