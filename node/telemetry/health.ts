/** Says why a part of the node cannot serve now, or undefined when it can. */
export type ReadinessCheck = () => string | undefined

/** The node's own opinion of whether it should get traffic. */
export interface Health {
  /** Adds a named condition of readiness; returns how to take it out again. */
  addCheck(name: string, check: ReadinessCheck): () => void
  /** The reasons against serving, by check name; empty when ready. */
  failures(): Readonly<Record<string, string>>
}

/** Creates a health register without checks. A check that throws counts as failing. */
export function createHealth(): Health {
  const checks = new Map<string, ReadinessCheck>()
  return {
    addCheck: (name, check) => {
      checks.set(name, check)
      return () => {
        if (checks.get(name) === check) checks.delete(name)
      }
    },
    failures: () => {
      const failures: Record<string, string> = {}
      for (const [name, check] of checks) {
        const reason = runCheck(check)
        if (reason !== undefined) failures[name] = reason
      }
      return failures
    },
  }
}

function runCheck(check: ReadinessCheck): string | undefined {
  try {
    return check()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
