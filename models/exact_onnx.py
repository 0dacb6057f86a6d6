"""Writes exact ONNX files: ordinary ONNX whose float arithmetic never rounds, because every value and every partial sum is
an integer (times a power of two) inside the 2^24 budget of float32. `assay check` proves it; this file only spells the nodes."""

import json

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class ExactModel:
    """Appends nodes one after another and saves them as a checked ONNX file of opset 17."""

    def __init__(self, name):
        self.name = name
        self.nodes, self.initializers, self.inputs, self.outputs, self.metadata = [], [], [], [], {}

    def input(self, name, dtype, shape, **spec):
        """Declares an input; `spec` (laneBytes, lo, hi) goes to the metadata that the importer reads."""
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        if spec:
            self.metadata[f"assay.input.{name}"] = json.dumps(spec)
        return name

    def output(self, name, dtype, shape, **spec):
        """Declares an output; `spec` (laneBytes) goes to the metadata that the importer reads."""
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))
        if spec:
            self.metadata[f"assay.output.{name}"] = json.dumps(spec)

    def label(self, key, value):
        """Attaches text for people; it is no part of the model's identity."""
        self.metadata[f"assay.label.{key}"] = json.dumps(value)

    def constant(self, name, array):
        """Adds an initializer and returns its name."""
        self.initializers.append(numpy_helper.from_array(np.asarray(array, order="C"), name))
        return name

    def node(self, op, inputs, output, **attributes):
        """Appends one node named after its output and returns the output's name."""
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"/{output}", **attributes))
        return output

    def float32(self, name, value):
        """A float32 scalar or tensor constant."""
        return self.constant(name, np.asarray(value, dtype=np.float32))

    def requantize(self, x, prefix, shift, lo, hi):
        """round-half-even(x / 2^shift), clipped to [lo, hi]: exact in float32, since it scales by a power of two."""
        scaled = self.node("Mul", [x, self.float32(f"{prefix}.scale", 2.0**-shift)], f"{prefix}/scaled")
        rounded = self.node("Round", [scaled], f"{prefix}/rounded")
        bounds = [self.float32(f"{prefix}.lo", lo), self.float32(f"{prefix}.hi", hi)]
        return self.node("Clip", [rounded, *bounds], f"{prefix}/clipped")

    def save(self, path):
        """Writes the file; onnx's checker and shape inference must accept it."""
        graph = helper.make_graph(self.nodes, self.name, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
        model.producer_name = "assay/models"
        helper.set_model_props(model, self.metadata)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


UINT8, INT8, INT16, INT32, INT64, FLOAT, DOUBLE = (
    TensorProto.UINT8,
    TensorProto.INT8,
    TensorProto.INT16,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
)
