"""Trains a gradient-boosted tree ensemble on the loan applicants of ../risk/data.py and writes everything beside this file:
risk-trees.float.onnx, heldout.inputs.bin, heldout.labels.bin, heldout.json and calibration.npz.

The file is what LightGBM's converter writes: one TreeEnsembleClassifier with label and probabilities. Every column is an integer in
the steps of data.COLUMNS: the grid on which an exact model must agree with this one on every sample.

Run: nice /usr/bin/python3 models/risk-trees/train.py   (half a minute on one core; Debian's python3-sklearn and python3-onnx)"""

import json
import os
import sys

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import onnx
from onnx import TensorProto, helper
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "risk"))

import data
from tree_ensemble import Ensemble, scores

SEED = 20240715
TRAIN_SAMPLES, HELD_OUT_SAMPLES, CALIBRATION_SAMPLES = 60000, 5000, 512
TREES, DEPTH, LEAVES, RATE = 150, 6, 24, 0.07


def attributes(model):
    """The ensemble's attributes; the initial score lies in the leaves of the first tree, as LightGBM keeps it."""
    ensemble = Ensemble("class")
    for tree, (predictor,) in enumerate(model._predictors):
        ensemble.add_boosted(tree, predictor, 0, strict=False)
    lists = ensemble.attributes(post_transform="LOGISTIC", classlabels_int64s=[0, 1])
    base = float(model._baseline_prediction.item())
    trees = lists["class_treeids"]
    lists["class_weights"] = [weight + base * (tree == 0) for weight, tree in zip(lists["class_weights"], trees)]
    return lists


def write_float(lists, path):
    """Writes the ONNX file: `columns` float [n, 12] → `label` int64 [n] and `probabilities` float [n, 2]."""
    node = helper.make_node("TreeEnsembleClassifier", ["columns"], ["label", "probabilities"], "ensemble", domain="ai.onnx.ml", **lists)
    graph = helper.make_graph(
        [node], "risk-trees", [helper.make_tensor_value_info("columns", TensorProto.FLOAT, ["n", len(data.COLUMNS)])],
        [
            helper.make_tensor_value_info("label", TensorProto.INT64, ["n"]),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2]),
        ],
    )  # fmt: skip
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    model.producer_name = "assay/models"
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_data(columns, labels, calibration):
    """Writes the held-out set as raw bytes and the calibration set."""
    columns.astype("<i4").tofile(os.path.join(HERE, "heldout.inputs.bin"))
    labels.tofile(os.path.join(HERE, "heldout.labels.bin"))
    np.savez_compressed(os.path.join(HERE, "calibration.npz"), columns=calibration.astype(np.float32))
    meta = {
        "samples": len(columns),
        "shape": [len(data.COLUMNS)],
        "inputs": "int32, little-endian, row-major; the model takes them as they are",
        "labels": "uint8",
        "step": 1,
    }
    with open(os.path.join(HERE, "heldout.json"), "w") as file:
        json.dump(meta, file, indent=2)
        file.write("\n")


def main():
    columns, labels = data.applicants(TRAIN_SAMPLES, SEED + 1)
    held_out, held_out_labels = data.applicants(HELD_OUT_SAMPLES, SEED + 2)
    calibration, _ = data.applicants(CALIBRATION_SAMPLES, SEED + 3)
    assert np.abs(columns).max() < 2**24  # float32 holds every column exactly
    model = HistGradientBoostingClassifier(
        max_iter=TREES, max_depth=DEPTH, max_leaf_nodes=LEAVES, learning_rate=RATE, l2_regularization=5.0, min_samples_leaf=60,
        early_stopping=False, random_state=SEED,
    )  # fmt: skip
    model.fit(columns.astype(np.float32), labels)
    probability = model.predict_proba(held_out.astype(np.float32))[:, 1]
    hits = 100 * np.mean((probability >= 0.5) == held_out_labels)
    print(f"float: accuracy {hits:.2f} %, AUC {roc_auc_score(held_out_labels, probability):.4f}, {len(model._predictors)} trees")
    lists = attributes(model)
    depth = max(predictor.get_max_depth() for (predictor,) in model._predictors)
    print(f"{len(lists['nodes_treeids'])} nodes, depth {depth}")
    logit = scores(lists, held_out[:200].astype(np.float32), 1)[:, 0]
    assert np.abs(data.sigmoid(logit) - probability[:200]).max() < 1e-5
    write_float(lists, os.path.join(HERE, "risk-trees.float.onnx"))
    write_data(held_out, held_out_labels, calibration)


if __name__ == "__main__":
    main()
