import { writeFile } from 'node:fs/promises'
import { DEFAULT_DECODE_LIMITS } from '../exact/import/onnx-decoder.ts'
import { openExactSession } from '../inference/exact-session.ts'
import { openFloatSession } from '../inference/float-session.ts'
import { InvalidError, UnavailableError } from '../protocol/errors.ts'
import { quantise } from '../quantize/quantise.ts'
import type { QuantiseReport } from '../quantize/report.ts'
import { parseDimensions, readCalibration, readLabels } from './calibration-data.ts'
import type { Command } from './command.ts'
import { readBounded } from './infer-inputs.ts'
import { choice, integer, list, optionalText, text, toggle } from './settings.ts'

const SETTINGS = {
  calibrate: list('calibrate', 'PATH', 'Samples of the inputs: .npz, .npy, .pb, or folders of them'),
  evaluate: list('evaluate', 'PATH', 'Samples that the report measures; without it, those of the calibration'),
  labels: optionalText('labels', 'FILE', 'The right class of each measured sample: .npy, or text, one a line'),
  preset: choice('preset', ['fast', 'precise', 'auto'], 'fast', 'Precision; auto raises single layers of fast'),
  targetDecibels: integer(
    'target-db',
    'DB',
    40,
    [1, 120],
    'Of preset auto: least signal to noise of the outputs, in dB',
  ),
  dim: list('dim', 'NAME=N', 'Extent of a dynamic axis, such as batch=1, or INPUT.AXIS=N where it has no name'),
  out: text('out', 'FILE.onnx', '', 'Where the exact ONNX file is written'),
  report: optionalText('report', 'FILE.json', 'Where the whole report is written'),
  json: toggle('json', 'Print the report as one JSON document instead of text'),
}

/** `assay quantize FILE.onnx --calibrate PATH… --out FILE.onnx`: makes an exact ONNX file of a float one. */
export const quantizeCommand: Command<typeof SETTINGS> = {
  name: 'quantize',
  summary: 'Quantise a float ONNX file into an exact one, and report how close it is',
  positionals: ['FILE.onnx'],
  settings: SETTINGS,
  run: async (settings, [path = ''], { print, report: tell }) => {
    const { calibrate, evaluate, labels, preset, targetDecibels, dim, out, report, json } = settings
    if (out === '') throw new InvalidError('SettingMissing', 'where should the exact file go? Pass --out FILE.onnx')
    if (calibrate.length === 0) {
      throw new InvalidError('SettingMissing', 'which samples should it be calibrated by? Pass --calibrate PATH')
    }
    const request = {
      file: await readBounded(path, DEFAULT_DECODE_LIMITS.maxFileBytes),
      dimensions: parseDimensions(dim),
      calibration: await readCalibration(calibrate),
      ...(evaluate.length > 0 ? { evaluation: await readCalibration(evaluate) } : {}),
      ...(labels === null ? {} : { labels: await readLabels(labels) }),
      preset,
      targetDecibels,
    }
    const deps = { openFloat: openFloatSession, openExact: openExactSession, tell: seldom(tell) }
    const result = await quantise(request, deps)
    await write(out, result.onnx)
    if (report !== null) await write(report, `${JSON.stringify(result.report, null, 2)}\n`)
    print(json ? JSON.stringify(result.report, null, 2) : describeReport(out, result.report))
    return 0
  },
}

/** Passes on at most one line a second. */
function seldom(tell: (line: string) => void): (line: string) => void {
  let last = 0
  return (line) => {
    if (Date.now() - last < 1000) return
    last = Date.now()
    tell(line)
  }
}

async function write(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(path, content).catch((cause: unknown) => {
    throw new UnavailableError('FileUnwritable', `cannot write ${path}`, { cause })
  })
}

/** A report as text for people. */
export function describeReport(path: string, report: QuantiseReport): string {
  const { samples, outputs, accuracy, worst } = report
  const rows: readonly (readonly [string, string])[] = [
    ['preset', report.preset],
    ['samples', `${samples.calibration} of calibration, ${samples.measured} measured`],
    ['graph', `${report.ops} ops, ${report.constantBytes.toLocaleString('en')} bytes of constants`],
    ...outputs.map(
      ({ name, decibels, step }) => [`output ${name}`, `${decibelText(decibels)}, in steps of ${step}`] as const,
    ),
    ['same choice', `${report.top1AgreementPercent.toFixed(2)} % of answers`],
    ...(accuracy === undefined
      ? []
      : [
          [
            'accuracy',
            `float ${accuracy.floatPercent.toFixed(2)} %, exact ${accuracy.exactPercent.toFixed(2)} % of ${accuracy.samples}`,
          ] as const,
        ]),
    ...worst
      .slice(0, 5)
      .map(
        ({ layer, operator, decibels }, i) =>
          [i === 0 ? 'noisiest' : '', `${decibelText(decibels)}  ${layer} (${operator})`] as const,
      ),
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [path, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join('\n')
}

function decibelText(decibels: number | null): string {
  return decibels === null ? 'exact' : `${decibels.toFixed(1)} dB`
}
