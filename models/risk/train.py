"""Trains the risk scorer, quantises it (12-bit columns, 8-bit weights, 10-bit activations) and writes everything beside this
file: risk.float.onnx, risk.exact.onnx, heldout.inputs.bin, heldout.labels.bin, heldout.json, calibration.npz and sample.json.

Run: nice /usr/bin/python3 models/risk/train.py   (a few seconds on one core; Debian's python3-torch and python3-onnx)"""

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
from exact_onnx import DOUBLE, FLOAT, INT32, INT64, ExactModel

SEED = 20240613
TRAIN_SAMPLES, EPOCHS, BATCH = 60000, 12, 250
HELD_OUT_SAMPLES, CALIBRATION_SAMPLES = 5000, 512
COLUMN_MAX = 4095  # a column after clip, sub, mul and shift
COLUMN_SHIFT = 16
WEIGHT_MAX = 127
ACTIVATION_MAX = 1023
LOGIT_STEPS = 128  # table entries for one unit of logit
TABLE_HALF = 1024  # the table covers logits of ±8
PROBABILITY_UNIT = 10_000

LO = np.array([lo for *_, lo, _ in data.COLUMNS])
HI = np.array([hi for *_, hi in data.COLUMNS])


class Risk(nn.Module):
    """Raw columns as float [n, 12] → probability of default [n, 1]."""

    def __init__(self):
        super().__init__()
        self.register_buffer("lo", torch.tensor(LO, dtype=torch.float32))
        self.register_buffer("hi", torch.tensor(HI, dtype=torch.float32))
        self.layer1 = nn.Linear(len(data.COLUMNS), 32)
        self.layer2 = nn.Linear(32, 16)
        self.layer3 = nn.Linear(16, 1)

    def logit(self, columns):
        x = (torch.minimum(torch.maximum(columns, self.lo), self.hi) - self.lo) / (self.hi - self.lo)
        return self.layer3(F.relu(self.layer2(F.relu(self.layer1(x)))))

    def forward(self, columns):
        return torch.sigmoid(self.logit(columns))


def train(model, columns, labels, generator):
    """Adam with a one-cycle learning rate on binary cross-entropy."""
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=EPOCHS * (len(columns) // BATCH))
    for epoch in range(EPOCHS):
        for pick in torch.randperm(len(columns), generator=generator).split(BATCH):
            loss = F.binary_cross_entropy_with_logits(model.logit(columns[pick])[:, 0], labels[pick])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        print(f"epoch {epoch + 1}/{EPOCHS} loss {loss.item():.4f}", flush=True)


class QuantizedRisk:
    """The same network in integers. A column holds 0…COLUMN_MAX, an activation real / scale in 0…ACTIVATION_MAX, a weight
    real / scale in ±WEIGHT_MAX; the combined scale of each layer is a power of two, 2^-shift."""

    def __init__(self, model, calibration):
        self.multiplier = np.rint(COLUMN_MAX * 2**COLUMN_SHIFT / (HI - LO)).astype(np.int64)
        self.layers = []
        scale = 1 / COLUMN_MAX
        x = (torch.minimum(torch.maximum(calibration, model.lo), model.hi) - model.lo) / (model.hi - model.lo)
        with torch.no_grad():
            for layer in (model.layer1, model.layer2, model.layer3):
                x = F.relu(layer(x))
                last = layer is model.layer3
                scale_out = 1 / LOGIT_STEPS if last else float(x.max()) / ACTIVATION_MAX
                # The weights give way, so that activations use their whole range: scale_in · weight_scale = scale_out · 2^-shift.
                weight_scale, shift = scale_out / scale, 0
                while weight_scale / 2 >= float(layer.weight.abs().max()) / WEIGHT_MAX:
                    weight_scale, shift = weight_scale / 2, shift + 1
                weight = np.rint(layer.weight.numpy().astype(np.float64).T / weight_scale)
                bias = np.rint(layer.bias.numpy().astype(np.float64) / (weight_scale * scale))
                assert np.abs(weight).max() <= WEIGHT_MAX
                self.layers.append((weight, bias, shift))
                scale = scale_out
        steps = np.arange(2 * TABLE_HALF) - TABLE_HALF
        self.table = np.rint(PROBABILITY_UNIT * data.sigmoid(steps / LOGIT_STEPS)).astype(np.int32)

    def __call__(self, columns):
        """int [n, 12] → probability of default in 1/PROBABILITY_UNIT, with the arithmetic of the exact model."""
        x = (np.clip(columns.astype(np.int64), LO, HI) - LO) * self.multiplier >> COLUMN_SHIFT
        x = np.clip(x, 0, COLUMN_MAX).astype(np.float64)
        for weight, bias, shift in self.layers[:-1]:
            x = np.clip(np.rint((x @ weight + bias) / 2**shift), 0, ACTIVATION_MAX)
        weight, bias, shift = self.layers[-1]
        index = np.clip(np.rint((x @ weight + bias) / 2**shift) + TABLE_HALF, 0, 2 * TABLE_HALF - 1)
        return self.table[index.astype(np.int64)][:, 0]


def write_exact(quantized, path):
    """Writes the exact ONNX file: int32 columns, any value → `probability`, int32 [1] in 1/PROBABILITY_UNIT."""
    model = ExactModel("risk")
    x = model.input("columns", INT32, [1, len(data.COLUMNS)], laneBytes=4, lo=-(2**31), hi=2**31 - 1)
    x = model.node("Max", [x, model.constant("columns.lo", LO[None].astype(np.int32))], "columns/max")
    x = model.node("Min", [x, model.constant("columns.hi", HI[None].astype(np.int32))], "columns/min")
    x = model.node("Sub", [x, model.constant("columns.offset", LO[None].astype(np.int32))], "columns/sub")
    x = model.node("Cast", [x], "columns/double", to=DOUBLE)
    x = model.node("Mul", [x, model.constant("columns.factor", quantized.multiplier[None].astype(np.float64))], "columns/mul")
    x = model.node("Mul", [x, model.constant("columns.scale", np.float64(2.0**-COLUMN_SHIFT))], "columns/scaled")
    x = model.node("Floor", [x], "columns/floor")
    ends = [model.constant("columns.least", np.float64(0)), model.constant("columns.most", np.float64(COLUMN_MAX))]
    x = model.node("Clip", [x, *ends], "columns/clip")
    x = model.node("Cast", [x], "columns/float", to=FLOAT)
    for i, (weight, bias, shift) in enumerate(quantized.layers):
        prefix = f"layer{i + 1}"
        x = model.node("MatMul", [x, model.float32(f"{prefix}.weight", weight)], f"{prefix}/matmul")
        x = model.node("Add", [x, model.float32(f"{prefix}.bias", bias[None])], f"{prefix}/add")
        last = i == len(quantized.layers) - 1
        x = model.requantize(x, prefix, shift, *((-TABLE_HALF, TABLE_HALF - 1) if last else (0, ACTIVATION_MAX)))
    x = model.node("Add", [x, model.float32("sigmoid.offset", TABLE_HALF)], "sigmoid/shifted")
    x = model.node("Cast", [x], "sigmoid/index", to=INT64)
    x = model.node("Reshape", [x, model.constant("sigmoid.shape", np.array([1], dtype=np.int64))], "sigmoid/flat")
    model.node("Gather", [model.constant("sigmoid.table", quantized.table), x], "probability", axis=0)
    model.output("probability", INT32, [1], laneBytes=4)
    model.label("title", "Probability of default of a consumer loan")
    model.label("input.columns", {"about": "an application", "range": "clip", "columns": described_columns(bounds=True)})
    model.label("output.probability", {"unit": "probability of default", "step": 1 / PROBABILITY_UNIT})
    model.save(path)


def described_columns(bounds=False):
    """Names, units and steps of the columns, as labels; with the least and greatest real values that the model tells apart."""
    columns = []
    for name, unit, step, lo, hi in data.COLUMNS:
        ends = {"min": round(lo * step, 6), "max": round(hi * step, 6)} if bounds else {}
        columns.append({"name": name, "unit": unit, "step": step, **ends})
    return columns


def auc(score, labels):
    """Area under the ROC curve, ties counted half."""
    order = np.argsort(score, kind="stable")
    _, inverse, counts = np.unique(score[order], return_inverse=True, return_counts=True)
    ranks = np.empty(len(score))
    ranks[order] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(labels.sum())
    return (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(labels) - positives))


def write_data(columns, labels, quantized):
    """Writes the held-out set as raw bytes and a few applicants with the exact model's answers."""
    columns.astype("<i4").tofile(os.path.join(HERE, "heldout.inputs.bin"))
    labels.tofile(os.path.join(HERE, "heldout.labels.bin"))
    meta = {"samples": len(columns), "shape": [len(data.COLUMNS)], "inputs": "int32, little-endian, row-major", "labels": "uint8"}
    write_json("heldout.json", meta)
    answers = quantized(columns)
    picks = np.argsort(answers)[[200, 2500, 4000, 4900]]
    extreme = np.where(np.arange(len(data.COLUMNS)) % 2 == 0, -(2**31), 2**31 - 1)
    rows = [(f"applicant {chr(65 + i)}", columns[pick]) for i, pick in enumerate(picks)] + [("outside every range", extreme)]
    samples = [
        {"name": name, "columns": [int(v) for v in row], "probability": int(quantized(row[None])[0])} for name, row in rows
    ]
    described = described_columns()
    answer = {"name": "probability", "unit": "probability of default", "step": 1 / PROBABILITY_UNIT}
    write_json("sample.json", {"input": "columns", "columns": described, "output": answer, "samples": samples})


def write_json(name, value):
    with open(os.path.join(HERE, name), "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def main():
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    columns, labels = data.applicants(TRAIN_SAMPLES, SEED + 1)
    held_out, held_out_labels = data.applicants(HELD_OUT_SAMPLES, SEED + 2)
    print(f"{100 * labels.mean():.1f} % default")

    model = Risk()
    inputs = torch.tensor(columns, dtype=torch.float32)
    train(model, inputs, torch.tensor(labels, dtype=torch.float32), torch.Generator().manual_seed(SEED))
    torch.onnx.export(
        model, torch.zeros(1, len(data.COLUMNS)), os.path.join(HERE, "risk.float.onnx"), opset_version=13,
        input_names=["columns"], output_names=["probability"],
        dynamic_axes={"columns": {0: "n"}, "probability": {0: "n"}},
    )
    with torch.no_grad():
        float_probability = model(torch.tensor(held_out, dtype=torch.float32))[:, 0].numpy()
    quantized = QuantizedRisk(model, inputs)
    quantized_probability = quantized(held_out) / PROBABILITY_UNIT
    for name, probability in (("float", float_probability), ("exact", quantized_probability)):
        hits = 100 * np.mean((probability >= 0.5) == held_out_labels)
        print(f"{name}: accuracy {hits:.2f} %, AUC {auc(probability, held_out_labels):.4f}")
    print(f"greatest difference in probability: {np.abs(float_probability - quantized_probability).max():.4f}")
    print("shifts", [shift for *_, shift in quantized.layers])
    write_exact(quantized, os.path.join(HERE, "risk.exact.onnx"))
    write_data(held_out, held_out_labels, quantized)
    calibration, _ = data.applicants(CALIBRATION_SAMPLES, SEED + 3)
    np.savez_compressed(os.path.join(HERE, "calibration.npz"), columns=calibration.astype(np.float32))


if __name__ == "__main__":
    main()
