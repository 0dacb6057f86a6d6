/** Words that Solidity keeps for itself (its grammar's keywords, reserved ones and global names), lower case. */
const SOLIDITY_WORDS: ReadonlySet<string> = new Set(
  [
    'abstract address after alias anonymous apply as assembly at auto block bool break byte bytes calldata case catch constant constructor',
    'continue contract copyof days default define delete do else emit enum error ether event external fallback false final fixed for from',
    'function global gwei hex hours if immutable implements import in indexed inline interface internal is layout leave let library macro',
    'mapping match memory minutes modifier msg mutable new now null of override partial payable pragma private promise public pure receive',
    'reference relocatable require return returns revert sealed seconds selfdestruct sizeof static storage string struct super suicide',
    'supports switch this throw transient true try tx type typedef typeof ufixed unchecked unicode using var view virtual weeks wei while',
    'years abi addmod assert blobhash blockhash ecrecover gasleft keccak256 mulmod ripemd160 sha256 uint int ufixed log0',
  ].flatMap((line) => line.split(' ')),
)
const SIZED_TYPE = /^(u?int|bytes)\d+$/

/** Gives names that are legal and differ from all that it gave before. */
export interface NameScope {
  /** `late_payments` → `latePayments` */
  field(name: string): string
  /** `late_payments` → `LATE_PAYMENTS` */
  constant(name: string): string
  /** Reserves a name that is used as it is. */
  reserve(name: string): void
}

/** A fresh scope. */
export function nameScope(): NameScope {
  const used = new Set<string>()
  const claim = (wanted: string): string => {
    let name = wanted
    for (let i = 2; used.has(name); i++) name = `${wanted}_${i}`
    used.add(name)
    return name
  }
  return {
    field: (name) => claim(fieldName(name)),
    constant: (name) => claim(wordsOf(name).join('_').toUpperCase()),
    reserve: (name) => void used.add(name),
  }
}

/** `digit reader` → `DigitReader` */
export function libraryName(name: string): string {
  return wordsOf(name).map(capital).join('')
}

function fieldName(name: string): string {
  const [first = 'value', ...rest] = wordsOf(name)
  const joined = `${first[0]?.toLowerCase()}${first.slice(1)}${rest.map(capital).join('')}`
  const reserved = SOLIDITY_WORDS.has(joined) || SIZED_TYPE.test(joined)
  return reserved ? `${joined}_` : joined
}

/** The parts of ASCII letters and digits that make a name; never none, and never a digit first. */
function wordsOf(name: string): string[] {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word) => (/^[A-Z0-9]+$/.test(word) && word.length > 1 ? word.toLowerCase() : word))
  return words.length === 0 || /^\d/.test(words[0] as string) ? ['value', ...words] : words
}

function capital(word: string): string {
  return `${word[0]?.toUpperCase()}${word.slice(1)}`
}
