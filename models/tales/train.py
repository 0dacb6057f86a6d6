"""Trains a small GPT on the tales of data.py and writes everything beside this file: tales.float.onnx, heldout.tokens.bin,
prompts.tokens.bin, heldout.json and calibration.npz.

Run: nice /usr/bin/python3 models/tales/train.py   (about 6 minutes on one core; Debian's python3-torch and python3-onnx)"""

import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import data

SEED = 20240701
TRAIN_CHARACTERS, STEPS, BATCH = 3_000_000, 2400, 16
CONTEXT, WIDTH, HEADS, LAYERS = 96, 96, 4, 3
HELD_OUT_WINDOWS, CALIBRATION_WINDOWS = 200, 256
PROMPTS, PROMPT_LENGTH, CONTINUATION = 100, 40, 20


class Layer(nn.Module):
    """Pre-norm causal attention and a GELU layer four times as wide."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mixed, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.register_buffer("causal", torch.tril(torch.ones(CONTEXT, CONTEXT, dtype=torch.bool))[None, None])

    def forward(self, x):
        n, tokens, _ = x.shape
        parts = self.mixed(self.norm1(x)).split(WIDTH, dim=2)
        query, key, value = (part.view(n, tokens, HEADS, WIDTH // HEADS).transpose(1, 2) for part in parts)
        scores = query @ key.transpose(-2, -1) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(~self.causal[:, :, :tokens, :tokens], float("-inf"))
        x = x + self.out((F.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(n, tokens, WIDTH))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    """Tokens int64 [n, s ≤ CONTEXT] → logits of the token that follows each, [n, s, characters]."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(len(data.ALPHABET), WIDTH), nn.Embedding(CONTEXT, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, len(data.ALPHABET), bias=False)
        for module in self.modules():
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, 0, 0.02 if isinstance(module, nn.Embedding) else 1 / math.sqrt(2 * WIDTH))

    def forward(self, tokens):
        x = self.words(tokens) + self.places(torch.arange(tokens.size(1), device=tokens.device))
        for layer in self.layers:
            x = layer(x)
        return self.head(self.norm(x))


def train(model, tokens, random):
    """AdamW with a one-cycle learning rate on windows from anywhere in the text."""
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=STEPS, pct_start=0.15)
    for step in range(STEPS):
        starts = random.integers(0, len(tokens) - CONTEXT - 1, BATCH)
        windows = torch.from_numpy(np.stack([tokens[start : start + CONTEXT + 1] for start in starts]).astype(np.int64))
        loss = F.cross_entropy(model(windows[:, :-1]).flatten(0, 1), windows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 100 == 0:
            print(f"step {step + 1}/{STEPS} loss {loss.item():.4f}", flush=True)


def judge(model, windows):
    """Per cent of next characters that the greatest logit finds, mean cross-entropy in nats, and the least gap of the top two logits."""
    targets = torch.from_numpy(windows[:, 1:].astype(np.int64))
    with torch.no_grad():
        logits = model(torch.from_numpy(windows[:, :-1].astype(np.int64)))
    best = logits.topk(2).values
    hits = (logits.argmax(2) == targets).float().mean().item()
    return 100 * hits, F.cross_entropy(logits.flatten(0, 1), targets.flatten()).item(), (best[..., 0] - best[..., 1]).flatten()


def continue_greedily(model, prompt):
    """The prompt and the CONTINUATION likeliest characters after it."""
    tokens = prompt.astype(np.int64).tolist()
    for _ in range(CONTINUATION):
        with torch.no_grad():
            tokens.append(model(torch.tensor([tokens]))[0, -1].argmax().item())
    return tokens


def write_data(held_out, prompts, calibration):
    """Writes the held-out windows, the prompts and the calibration set."""
    held_out.tofile(os.path.join(HERE, "heldout.tokens.bin"))
    prompts.tofile(os.path.join(HERE, "prompts.tokens.bin"))
    np.savez_compressed(os.path.join(HERE, "calibration.npz"), tokens=calibration.astype(np.int64))
    meta = {
        "samples": held_out[:, 1:].size,
        "windows": len(held_out),
        "shape": [CONTEXT + 1],
        "tokens": f"uint8, row-major; the first {CONTEXT} of a window are the input, the last {CONTEXT} the right answers",
        "prompts": len(prompts),
        "promptShape": [PROMPT_LENGTH],
        "continuation": CONTINUATION,
        "alphabet": data.ALPHABET,
    }
    with open(os.path.join(HERE, "heldout.json"), "w") as file:
        json.dump(meta, file, indent=2)
        file.write("\n")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    tokens = data.text(TRAIN_CHARACTERS, SEED + 1)
    held_out = data.windows(data.text(HELD_OUT_WINDOWS * (CONTEXT + 1), SEED + 2), CONTEXT + 1)[:HELD_OUT_WINDOWS]
    # A prompt is the middle of a tale: what must follow depends on more than its last word.
    prompts = data.windows(data.text(PROMPTS * 5 * PROMPT_LENGTH, SEED + 3), 5 * PROMPT_LENGTH)[:PROMPTS, :PROMPT_LENGTH]
    calibration = data.windows(data.text(CALIBRATION_WINDOWS * CONTEXT, SEED + 4), CONTEXT)[:CALIBRATION_WINDOWS]

    model = Gpt()
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters")
    train(model, tokens, np.random.default_rng(SEED))
    model.eval()
    hits, nats, gaps = judge(model, held_out)
    print(f"float: {hits:.2f} % of {held_out[:, 1:].size} next characters, {nats:.4f} nats a character")
    print(f"gap of the top two logits: {100 * (gaps < 0.1).float().mean():.2f} % under 0.1, median {gaps.median():.2f}")
    for prompt in prompts[:4]:
        print(repr(data.read(continue_greedily(model, prompt))))
    axes = {name: {0: "batch", 1: "sequence"} for name in ("tokens", "logits")}
    torch.onnx.export(
        model, torch.zeros(1, CONTEXT, dtype=torch.long), os.path.join(HERE, "tales.float.onnx"), opset_version=17,
        input_names=["tokens"], output_names=["logits"], dynamic_axes=axes,
    )  # fmt: skip
    write_data(held_out, prompts, calibration)


if __name__ == "__main__":
    main()
