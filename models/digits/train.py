"""Trains the digit classifier, quantises it (7-bit weights, 8-bit activations) and writes everything beside this file:
digits.float.onnx, digits.exact.onnx, heldout.images.bin, heldout.labels.bin, heldout.json, calibration.npz and sample.json.

Run: nice /usr/bin/python3 models/digits/train.py   (about 2 minutes on one core; Debian's python3-torch, python3-onnx, python3-pil)"""

import json
import os
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, HERE)

import data
from exact_onnx import INT32, INT64, UINT8, ExactModel

SEED = 20240607
TRAIN_SAMPLES, EPOCHS, BATCH = 40000, 12, 100
# The held-out set, part after part: how many digits, which seed, and whether of faces never trained on.
HELD_OUT = ((2400, SEED + 2, False), (600, SEED + 3, True), (1600, SEED + 4, False), (400, SEED + 5, True))
CALIBRATION_SAMPLES = 256
WEIGHT_MAX = 64  # 2·255·64 = 32,640: pair sums of u8 × s8 products never saturate 16 bits on any CPU
LAYERS = ("conv1", "conv2", "conv3", "dense")


class Digits(nn.Module):
    """Pixels 0…255 as float [n, 1, 28, 28] → ten scores."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv3 = nn.Conv2d(32, 32, 3, padding=1)
        self.dense = nn.Linear(32 * 3 * 3, 10)

    def forward(self, pixels):
        x = pixels / 255
        for conv in (self.conv1, self.conv2, self.conv3):
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.dense(x.flatten(1))


class QuantizedDigits(nn.Module):
    """The same network in the integers of the exact model: an activation holds real / scale in 0…255, a weight real / scale in
    ±WEIGHT_MAX, and scale_in · scale_weight / scale_out is the power of two 2^-shift."""

    def __init__(self, model, calibration):
        super().__init__()
        self.model = model
        self.steps = {}
        scale, x = 1 / 255, calibration / 255
        with torch.no_grad():
            for name in LAYERS:
                layer = getattr(model, name)
                weight_scale = float(layer.weight.abs().max()) / WEIGHT_MAX
                step = {"in": scale, "weight": weight_scale, "shift": 0}
                if name != "dense":
                    x = F.max_pool2d(F.relu(layer(x)), 2)
                    while 255 * scale * weight_scale * 2 ** step["shift"] < float(x.max()):
                        step["shift"] += 1
                    scale = scale * weight_scale * 2 ** step["shift"]
                self.steps[name] = step

    def integers(self, name):
        """Weights and bias of a layer as integer-valued floats."""
        layer, step = getattr(self.model, name), self.steps[name]
        weight = torch.round(layer.weight / step["weight"]).clamp(-WEIGHT_MAX, WEIGHT_MAX)
        return weight, torch.round(layer.bias / (step["weight"] * step["in"]))

    def forward(self, pixels):
        x = pixels
        for name in LAYERS[:-1]:
            weight, bias = self.integers(name)
            x = torch.round(F.conv2d(x, weight, bias, padding=1) * 2.0 ** -self.steps[name]["shift"]).clamp(0, 255)
            x = F.max_pool2d(x, 2)
        weight, bias = self.integers("dense")
        return F.linear(x.flatten(1), weight, bias)


def accuracy(score, images, labels):
    """Per cent of `labels` that argmax of `score` finds."""
    with torch.no_grad():
        hits = [(score(i.float()).argmax(1) == l).sum().item() for i, l in zip(images.split(500), labels.split(500))]
    return 100 * sum(hits) / len(labels)


def train(model, images, labels, generator):
    """Adam with a one-cycle learning rate on cross-entropy."""
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=EPOCHS * (len(images) // BATCH))
    for epoch in range(EPOCHS):
        for pick in torch.randperm(len(images), generator=generator).split(BATCH):
            loss = F.cross_entropy(model(images[pick].float()), labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{EPOCHS} loss {loss.item():.4f}", flush=True)


def write_exact(quantized, path):
    """Writes the exact ONNX file: uint8 pixels → `digit` (int64 argmax, sent in 1 byte) and `scores` (int32 [1, 10])."""
    model = ExactModel("digits")
    x = model.input("pixels", UINT8, [1, 1, data.SIZE, data.SIZE], laneBytes=2, lo=0, hi=255)
    x = model.node("Cast", [x], "pixels/float", to=1)
    for name in LAYERS[:-1]:
        weight, bias = (t.detach().numpy().astype(np.float32) for t in quantized.integers(name))
        operands = [x, model.constant(f"{name}.weight", weight), model.constant(f"{name}.bias", bias)]
        x = model.node("Conv", operands, f"{name}/conv", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
        x = model.requantize(x, name, quantized.steps[name]["shift"], 0, 255)
        x = model.node("MaxPool", [x], f"{name}/pool", kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Flatten", [x], "flatten", axis=1)
    weight, bias = (t.detach().numpy().astype(np.float32) for t in quantized.integers("dense"))
    x = model.node("MatMul", [x, model.constant("dense.weight", weight.T)], "dense/matmul")
    x = model.node("Add", [x, model.constant("dense.bias", bias[None])], "dense/add")
    model.node("ArgMax", [x], "digit", axis=1, keepdims=0)
    model.node("Cast", [x], "scores", to=INT32)
    model.output("digit", INT64, [1], laneBytes=1)
    model.output("scores", INT32, [1, 10], laneBytes=4)
    model.label("title", "Digit reader, 28×28 greyscale")
    digits = [str(digit) for digit in range(10)]
    model.label("input.pixels", "grey levels in rows from the top, 0 black to 255 white")
    model.label("output.digit", {"about": "the digit read", "labels": digits})
    model.label("output.scores", {"about": "the greatest wins", "kind": "scores", "labels": digits})
    model.save(path)


def write_data(images, labels, calibration, quantized):
    """Writes the held-out set as raw bytes, the calibration set and a few samples with the exact model's answers."""
    np.savez_compressed(os.path.join(HERE, "calibration.npz"), pixels=calibration.numpy().astype(np.float32))
    images.numpy().tofile(os.path.join(HERE, "heldout.images.bin"))
    labels.to(torch.uint8).numpy().tofile(os.path.join(HERE, "heldout.labels.bin"))
    meta = {"samples": len(images), "shape": [1, 28, 28], "images": "uint8, row-major", "labels": "uint8"}
    with open(os.path.join(HERE, "heldout.json"), "w") as file:
        json.dump(meta, file, indent=2)
        file.write("\n")
    with torch.no_grad():
        answers = quantized(images.float()).argmax(1)
    picks = [next(i for i in range(len(labels)) if labels[i] == d and answers[i] == d) for d in range(10)]
    entries = [{"label": int(labels[i]), "digit": int(answers[i]), "pixels": images[i].flatten().tolist()} for i in picks]
    with open(os.path.join(HERE, "sample.json"), "w") as file:
        json.dump({"input": "pixels", "shape": [1, 1, 28, 28], "samples": entries}, file)
        file.write("\n")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    generator = torch.Generator().manual_seed(SEED)
    images, labels = data.samples(TRAIN_SAMPLES, SEED + 1, held_out=False)
    parts = [data.samples(*part) for part in HELD_OUT]
    held_out, held_out_labels = (torch.cat(column) for column in zip(*parts))
    unseen, unseen_labels = (torch.cat(column) for column in zip(*(p for p, part in zip(parts, HELD_OUT) if part[2])))
    calibration, _ = data.samples(CALIBRATION_SAMPLES, SEED + 6, held_out=False)

    model = Digits()
    train(model, images, labels, generator)
    print(f"float: {accuracy(model, held_out, held_out_labels):.2f} % of held-out, {accuracy(model, unseen, unseen_labels):.2f} % on unseen faces")
    torch.onnx.export(
        model, torch.zeros(1, 1, 28, 28), os.path.join(HERE, "digits.float.onnx"), opset_version=13,
        input_names=["pixels"], output_names=["scores"], dynamic_axes={"pixels": {0: "n"}, "scores": {0: "n"}},
    )

    quantized = QuantizedDigits(model, images[:2000].float())
    print(f"exact: {accuracy(quantized, held_out, held_out_labels):.2f} % of held-out")
    write_exact(quantized, os.path.join(HERE, "digits.exact.onnx"))
    write_data(held_out, held_out_labels, calibration, quantized)


if __name__ == "__main__":
    main()
