"""From a trained model to an ONNX graph that answers as the model does."""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

from kdxf.export.graph import OPSET, export_graph
from kdxf.export.parity import TOLERANCE, Parity, check_graph
from kdxf.export.portable import GraphInput, Portable, PortableModel, make_portable
from kdxf.export.quantize import Judgement, Sizes, judge_quantized, quantize_graph

__all__ = [
    "OPSET",
    "TOLERANCE",
    "GraphInput",
    "Judgement",
    "Parity",
    "Portable",
    "PortableModel",
    "Sizes",
    "check_graph",
    "export_graph",
    "judge_quantized",
    "make_portable",
    "quantize_graph",
]
