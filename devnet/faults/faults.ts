import type { Fault } from './fault.ts'
import {
  missingRecord,
  silentProposer,
  sybilChallengers,
  withholds,
  wrongOutput,
  wrongOutputAndFights,
  wrongState,
} from './scenarios/false-chains.ts'
import { frontRunRoot, griefingChallenger, silentChallenger } from './scenarios/true-chains.ts'

/** Every scenario of `--fault`. */
export const FAULTS: readonly Fault[] = [
  wrongOutput,
  wrongOutputAndFights,
  withholds,
  missingRecord,
  wrongState,
  silentProposer,
  silentChallenger,
  griefingChallenger,
  sybilChallengers,
  frontRunRoot,
]

/** Names of all scenarios. */
export const FAULT_NAMES: readonly string[] = FAULTS.map(({ name }) => name)
