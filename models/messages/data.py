"""Messages that come with payments, and what the payment is for.

A message tells of one topic in one to three clauses, among greetings, names, dates and amounts. It is made hard on purpose:
1. Two messages in three also name another topic and take it back ("this is not for the rent", "the gift comes later"), and half
   of the details fit any topic: counting words does not do, what counts is which clause is negated.
2. `scam` has no topic of its own: it presses or lures the payer, under the cover of any other topic. Honest messages press too
   ("please pay today or the landlord gets angry"), but never ask for secrecy, a code or a fee that comes first.
3. One word in 20 is misspelled and then unknown; one message in 60 is filed under a wrong label.

A token is one word; PAD fills up to LENGTH, UNKNOWN stands for every word outside VOCABULARY."""

import re

import numpy as np

LENGTH = 32
CLASSES = ["salary", "rent", "bill", "purchase", "gift", "loan", "refund", "scam"]

# What each honest topic is called, and what is said of it.
TOPICS = {
    "salary": (
        ["the salary", "my wages", "the bonus", "your pay", "the overtime"],
        ["for the month of MONTH", "after the work at the COMPANY", "for NUMBER hours of work", "as agreed with the office", "of the team"],
    ),
    "rent": (
        ["the rent", "the room", "the flat", "the deposit", "the garage"],
        ["for the month of MONTH", "at the house in CITY", "as agreed with the landlord", "until the keys are back", "with heating"],
    ),
    "bill": (
        ["the bill", "the power", "the phone", "the water", "the insurance", "the invoice"],
        ["for the month of MONTH", "of the COMPANY", "number NUMBER NUMBER", "after the second reminder", "with customer number NUMBER"],
    ),
    "purchase": (
        ["the ITEM", "the order", "the parcel", "the tickets", "the old ITEM"],
        ["from the shop", "as seen online", "in good condition", "order number NUMBER", "please send it to CITY", "with delivery"],
    ),
    "gift": (
        ["a gift", "a present", "the party", "the wedding", "your birthday"],
        ["with love", "from all of us", "buy yourself a ITEM", "happy birthday NAME", "see you in MONTH", "for the children"],
    ),
    "loan": (
        ["the loan", "the money you lent me", "the debt", "what i owe you", "the credit"],
        ["part NUMBER of NUMBER", "thank you for waiting", "with interest", "the rest comes in MONTH", "now we are even"],
    ),
    "refund": (
        ["the refund", "the money back", "the return", "the tax refund", "the cancelled trip"],
        ["because the ITEM was broken", "order number NUMBER", "we are sorry", "of the COMPANY", "for the year NUMBER", "as promised by the shop"],
    ),
}  # fmt: skip
DETAILS = [
    "for the month of MONTH", "as agreed", "number NUMBER", "of the COMPANY", "from CITY", "part NUMBER of NUMBER", "for the children",
    "as NAME said", "for the ITEM", "with interest", "after the reminder",
]  # fmt: skip
OPENINGS = ["", "", "", "hello NAME", "dear NAME", "hi", "good morning", "hey NAME"]
LEADS = ["this is for", "here is", "payment for", "for", "i send you", "transfer for", "money for"]
CLOSINGS = ["", "", "", "thanks", "thank you", "best wishes NAME", "see you", "NAME", "please confirm", "AMOUNT in all"]
DENIALS = [
    "this is not for TOPIC", "TOPIC comes later", "TOPIC is already paid", "TOPIC was last week", "i pay TOPIC next time",
    "do not count it as TOPIC", "nothing to do with TOPIC", "forget TOPIC",
]  # fmt: skip
HASTE = ["please book it today", "it is urgent", "you said it is late", "please hurry", "or the landlord gets angry", "last reminder", "before MONTH"]
SCAM_PRESSURE = [
    "your account is blocked", "your account will be closed today", "do not tell the bank", "tell nobody", "act now", "keep it secret",
    "send the code", "confirm the code now", "pay the fee first", "only a small fee first", "to release TOPIC", "to unlock TOPIC",
    "the officer waits on the phone", "you have won TOPIC", "move your money to the safe account", "it is your last chance",
]  # fmt: skip
FILLERS = {
    "NAME": ["anna", "tom", "maria", "john", "lisa", "paul", "sara", "max", "emma", "leo", "nina", "omar"],
    "MONTH": ["january", "march", "april", "may", "june", "july", "august", "october", "december"],
    "CITY": ["berlin", "london", "paris", "rome", "oslo", "madrid", "vienna"],
    "COMPANY": ["company", "bakery", "hospital", "airline", "tax office", "school", "bank", "hotel"],
    "ITEM": ["bike", "phone", "camera", "chair", "table", "jacket", "book", "guitar", "laptop", "lamp"],
    "NUMBER": ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "12", "20", "24", "40", "2023", "2024"],
    "AMOUNT": ["50 euro", "100 euro", "250 euro", "400 euro", "900 euro"],
}
PLACEHOLDER = re.compile("|".join([*FILLERS, "TOPIC"]))
PAD, UNKNOWN = 0, 1


def words_of(*texts):
    """Every word of the texts, placeholders left out."""
    return {word for text in texts for word in PLACEHOLDER.sub(" ", text).split()}


VOCABULARY = ["<pad>", "<unknown>"] + sorted(
    words_of(*DETAILS, *OPENINGS, *LEADS, *CLOSINGS, *DENIALS, *HASTE, *SCAM_PRESSURE)
    | words_of(*(text for parts in TOPICS.values() for part in parts for text in part))
    | words_of(*(text for texts in FILLERS.values() for text in texts))
)
TOKEN = {word: token for token, word in enumerate(VOCABULARY)}


def choose(random, choices):
    return choices[random.integers(len(choices))]


def fill(random, text, topic):
    """The text with its placeholders chosen. @param topic: what TOPIC stands for."""
    def replace(match):
        return topic if match[0] == "TOPIC" else choose(random, FILLERS[match[0]])

    while PLACEHOLDER.search(text):
        text = PLACEHOLDER.sub(replace, text)
    return text


def detail(random, topic):
    """A detail of the topic, or one that fits any."""
    return choose(random, TOPICS[topic][1] if random.random() < 0.5 else DETAILS)


def message(random, label):
    """The words of one message of a class."""
    topics = list(TOPICS)
    own = choose(random, topics) if label == "scam" else label
    names, _ = TOPICS[own]
    clauses = [f"{choose(random, LEADS)} {choose(random, names)} {detail(random, own)}"]
    if random.random() < 0.2:
        clauses.append(detail(random, own))
    if random.random() < 0.67:
        other = choose(random, [topic for topic in topics if topic != own])
        denied = fill(random, choose(random, DENIALS), choose(random, TOPICS[other][0]))
        if random.random() < 0.4:
            denied += " " + detail(random, other)
        clauses.insert(random.integers(len(clauses) + 1), denied)
    if label == "scam":
        for _ in range(random.integers(1, 3)):
            pressed = fill(random, choose(random, SCAM_PRESSURE), choose(random, TOPICS[choose(random, topics)][0]))
            clauses.insert(random.integers(len(clauses) + 1), pressed)
    if random.random() < (0.5 if label == "scam" else 0.3):
        clauses.insert(random.integers(len(clauses) + 1), choose(random, HASTE))
    text = " ".join([choose(random, OPENINGS), *clauses, choose(random, CLOSINGS)])
    return fill(random, text, choose(random, names)).split()


def encode(random, words):
    """Token ids uint16 [LENGTH] of words, some of them misspelled."""
    known = random.random(len(words)) >= 1 / 20
    tokens = [TOKEN[word] if spelled else UNKNOWN for word, spelled in zip(words, known)][:LENGTH]
    return np.array(tokens + [PAD] * (LENGTH - len(tokens)), dtype=np.uint16)


def samples(n, seed):
    """n messages: uint16 [n, LENGTH] token ids, and uint8 [n] classes."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(CLASSES), n).astype(np.uint8)
    tokens = np.stack([encode(random, message(random, CLASSES[label])) for label in labels])
    wrong = random.random(n) < 1 / 60
    labels[wrong] = random.integers(0, len(CLASSES), wrong.sum())
    return tokens, labels
