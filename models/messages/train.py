"""Trains a transformer encoder that says what a payment's message is for, and writes everything beside this file:
messages.float.onnx, heldout.tokens.bin, heldout.labels.bin, heldout.json and calibration.npz.

Run: nice /usr/bin/python3 models/messages/train.py   (about 5 minutes on one core; Debian's python3-torch and python3-onnx)"""

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

SEED = 20240708
TRAIN_SAMPLES, EPOCHS, BATCH = 24000, 5, 64
HELD_OUT_SAMPLES, CALIBRATION_SAMPLES = 6000, 512
WIDTH, HEADS, LAYERS = 64, 4, 3


class Layer(nn.Module):
    """Post-norm attention and a GELU layer four times as wide, as in BERT."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.dropout = nn.Dropout(0.05)

    def heads(self, x):
        return x.view(x.size(0), x.size(1), HEADS, WIDTH // HEADS).transpose(1, 2)

    def forward(self, x, mask):
        query, key, value = self.heads(self.query(x)), self.heads(self.key(x)), self.heads(self.value(x))
        scores = query @ key.transpose(-2, -1) / math.sqrt(WIDTH // HEADS) + mask
        mixed = (F.softmax(scores, dim=-1) @ value).transpose(1, 2).reshape(x.size(0), x.size(1), WIDTH)
        x = self.norm1(x + self.dropout(self.out(mixed)))
        return self.norm2(x + self.dropout(self.down(F.gelu(self.up(x)))))


class Messages(nn.Module):
    """Tokens and their mask (1 real, 0 padding), int64 [n, LENGTH] → class scores [n, classes] from the first token."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(len(data.VOCABULARY), WIDTH), nn.Embedding(data.LENGTH, WIDTH)
        self.register_buffer("positions", torch.arange(data.LENGTH)[None])
        self.norm = nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.pooler, self.head = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, len(data.CLASSES))

    def forward(self, tokens, mask):
        x = self.norm(self.words(tokens) + self.places(self.positions[:, : tokens.size(1)]))
        added = (1.0 - mask[:, None, None, :].to(x.dtype)) * -10000.0
        for layer in self.layers:
            x = layer(x, added)
        return self.head(torch.tanh(self.pooler(x[:, 0])))


def inputs(tokens):
    """What the model takes: int64 tokens and mask."""
    tokens = torch.from_numpy(tokens.astype(np.int64))
    return tokens, (tokens != data.PAD).long()


def train(model, tokens, labels, generator):
    """AdamW with a one-cycle learning rate on cross-entropy."""
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, total_steps=EPOCHS * math.ceil(len(tokens) / BATCH))
    labels = torch.from_numpy(labels.astype(np.int64))
    for epoch in range(EPOCHS):
        total = 0.0
        for pick in torch.randperm(len(tokens), generator=generator).split(BATCH):
            loss = F.cross_entropy(model(*inputs(tokens[pick.numpy()])), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total += loss.item() * len(pick)
        print(f"epoch {epoch + 1}/{EPOCHS} loss {total / len(tokens):.4f}", flush=True)


def predict(model, tokens):
    """Class scores [n, classes]."""
    with torch.no_grad():
        return torch.cat([model(*inputs(part)) for part in np.array_split(tokens, len(tokens) // 250)]).numpy()


def write_data(tokens, labels, calibration):
    """Writes the held-out set and the calibration set."""
    tokens.astype("<u2").tofile(os.path.join(HERE, "heldout.tokens.bin"))
    labels.tofile(os.path.join(HERE, "heldout.labels.bin"))
    calibration_tokens, mask = inputs(calibration)
    np.savez_compressed(os.path.join(HERE, "calibration.npz"), tokens=calibration_tokens.numpy(), mask=mask.numpy())
    meta = {
        "samples": len(tokens),
        "shape": [data.LENGTH],
        "tokens": "uint16, little-endian, row-major; 0 is padding: `mask` is 1 where a token is not 0",
        "labels": "uint8",
        "classes": data.CLASSES,
        "vocabulary": data.VOCABULARY,
    }
    with open(os.path.join(HERE, "heldout.json"), "w") as file:
        json.dump(meta, file, indent=2)
        file.write("\n")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    tokens, labels = data.samples(TRAIN_SAMPLES, SEED + 1)
    held_out, held_out_labels = data.samples(HELD_OUT_SAMPLES, SEED + 2)
    calibration, _ = data.samples(CALIBRATION_SAMPLES, SEED + 3)
    model = Messages()
    print(f"{sum(parameter.numel() for parameter in model.parameters())} parameters, {len(data.VOCABULARY)} words")
    train(model, tokens, labels, torch.Generator().manual_seed(SEED))
    model.eval()
    scores = predict(model, held_out)
    top = np.sort(scores, axis=1)
    print(f"float: {100 * np.mean(scores.argmax(1) == held_out_labels):.2f} % of {len(held_out)} held-out messages")
    print(f"gap of the top two scores: {100 * np.mean(top[:, -1] - top[:, -2] < 0.1):.2f} % under 0.1")
    example = inputs(calibration[:1])
    torch.onnx.export(
        model, example, os.path.join(HERE, "messages.float.onnx"), opset_version=13, input_names=["tokens", "mask"],
        output_names=["scores"], dynamic_axes={name: {0: "n"} for name in ("tokens", "mask", "scores")},
    )  # fmt: skip
    write_data(held_out, held_out_labels, calibration)


if __name__ == "__main__":
    main()
