"""Little tales of merchants, told by a grammar with a memory.

A tale has a hero, a friend, a town and wares. Who is `he` or `she`, how many wares the hero holds after each deal, which town they are in
and how the tale ends all follow from what was told before; the rest is chosen with the skewed frequencies of real words (the
k-th choice of a list is about 1/k^1.2 as likely as the first). Text is lower case, one character a token."""

import numpy as np

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz.,?"
HEROES = [
    ("mira", "she"), ("tom", "he"), ("anna", "she"), ("oskar", "he"), ("lena", "she"), ("pavel", "he"), ("rosa", "she"), ("emil", "he"),
    ("ida", "she"), ("bruno", "he"), ("clara", "she"), ("hugo", "he"), ("nora", "she"), ("felix", "he"),
]  # fmt: skip
TOWNS = ["the old harbour", "a village by the river", "the city of glass", "a town under the hills", "the northern market", "the valley of salt"]
JOBS = ["merchant", "baker", "fisher", "weaver", "potter", "clockmaker", "gardener", "carpenter"]
NATURES = ["young", "humble", "clever", "quiet", "stubborn", "careful", "cheerful", "poor"]
WARES = ["lamps", "apples", "baskets", "red cloaks", "clay pots", "silver bells", "boats", "candles", "wooden toys", "maps"]
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
WEATHER = ["rain fell on the roofs", "the sun rose slowly", "a cold wind came from the sea", "snow covered the road", "the fog was thick"]
FEELINGS = {True: ["was glad", "smiled", "sang all the way home"], False: ["was sad", "said nothing", "could not sleep"]}


def pick(random, choices, skew=1.2):
    """One of `choices`, the earlier the likelier."""
    weights = 1 / np.arange(1, len(choices) + 1) ** skew
    return choices[random.choice(len(choices), p=weights / weights.sum())]


def one(wares):
    """The singular: red cloaks → red cloak."""
    return wares[:-1]


def count(number, wares):
    return f"{NUMBERS[number]} {one(wares) if number == 1 else wares}"


def deal(random, hero, pronoun, friend, wares, held):
    """One event and what the hero holds after it: (sentence, held, whether it went well)."""
    amount = int(pick(random, [1, 2, 3, 4]))
    if held > amount and random.random() < 0.6:
        kind = pick(random, ["sold", "gave", "lost"])
        end = {"sold": f" to {friend}", "gave": f" to {friend}", "lost": " on the road"}[kind]
        return f"{hero} {kind} {count(amount, wares)}{end}.", held - amount, kind != "lost"
    if held + amount < len(NUMBERS):
        kind = pick(random, ["bought", "made", "found"])
        end = {"bought": f" from {friend}", "made": " with great care", "found": " behind the house"}[kind]
        return f"{hero} {kind} {count(amount, wares)}{end}.", held + amount, True
    return f"{pronoun} had more {wares} than {friend} had ever seen.", held, True


def tale(random):
    """One tale, ending in an empty line."""
    hero, pronoun = pick(random, HEROES, 0.8)
    friend = pick(random, [name for name, _ in HEROES if name != hero], 0.8)
    town, job, wares = pick(random, TOWNS), pick(random, JOBS), pick(random, WARES, 1.0)
    held = int(random.integers(2, 8))
    lines = [
        f"once there lived in {town} a {pick(random, NATURES)} {job} named {hero}.",
        f"{pronoun} had {count(held, wares)} and a friend named {friend}.",
    ]
    well = True
    for _ in range(random.integers(2, 5)):
        if random.random() < 0.35:
            lines.append(f"{pick(random, ['one morning', 'at night', 'in the spring'])} {pick(random, WEATHER)}.")
        sentence, held, well = deal(random, hero, pronoun, friend, wares, held)
        lines.append(sentence)
        if random.random() < 0.3:
            lines.append(f"how many {wares} do you have now, {hero}? asked {friend}.")
            lines.append(f"i have {count(held, wares)}, said {hero}.")
        else:
            lines.append(f"now {pronoun} had {count(held, wares)} and {pick(random, FEELINGS[well])}.")
    rich = held > 5
    moral = f"so {hero} the {job} became {'rich' if rich else 'wise'}, and {friend} {'came to the feast' if rich else 'never forgot it'}."
    return " ".join([*lines, moral]) + "\n"


def text(characters, seed):
    """Tales one after another, at least `characters` long: uint8 tokens, indices into ALPHABET."""
    random, parts, length = np.random.default_rng(seed), [], 0
    while length < characters:
        parts.append(tale(random))
        length += len(parts[-1])
    index = {character: token for token, character in enumerate(ALPHABET)}
    return np.array([index[character] for character in "".join(parts)], dtype=np.uint8)


def windows(tokens, length):
    """Cuts tokens into windows one after another: [n, length]."""
    return tokens[: len(tokens) // length * length].reshape(-1, length)


def read(tokens):
    """The text of tokens."""
    return "".join(ALPHABET[token] for token in tokens)
