"""The ONNX file of a model.

Operators are those of opset 18, which torch's exporter writes without conversion and every onnxruntime since 1.14 runs.
The number of samples, and of words, tokens or n-grams, is free; the size of pictures is that of the test pipeline. The
values between the model's parts bear the parts' names (:mod:`kdxf.export.parts`).
"""

import contextlib
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kdxf.errors import UserError
from kdxf.export.parity import Parity, check_graph, random_inputs
from kdxf.export.parts import part_outputs
from kdxf.export.portable import OUTPUTS, GraphInput, Portable, PortableModel
from kdxf.export.rewrites import exportable
from kdxf_runtime.optional import require

OPSET = 18
_NEEDED_BY = "an ONNX graph"
_LARGEST = 2**31 - 2**24  # bytes of weights that a protobuf file can hold, with room for the graph itself


def export_graph(portable: Portable, path: Path) -> Parity:
    """Write the ONNX file of a model, and check it against the model.

    Args:
        portable: The model.
        path: The file. Weights of 2 GB and more lie beside it, in a file of its name with ``.data`` at the end.

    Returns:
        How well the two agree.

    Raises:
        UserError: A package is missing, a part of the model cannot be exported, or graph and model disagree. Nothing is
            written then.
    """
    onnx: Any = require("onnx", "export", _NEEDED_BY)
    require("onnxscript", "export", _NEEDED_BY)
    program = _trace(portable)
    folder = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    folder.mkdir(parents=True)
    try:
        file = folder / path.name
        large = sum(tensor.const_value.nbytes for tensor in program.model.graph.initializers.values()) > _LARGEST
        program.save(file, external_data=large)
        onnx.checker.check_model(str(file), full_check=True)
        parity = check_graph(file, portable)
        for part in sorted(folder.iterdir()):
            os.replace(part, path.with_name(part.name))
    finally:
        shutil.rmtree(folder)
    return parity


class _Named(nn.Module):
    """A model that also returns what its parts gave, in the order of their names."""

    def __init__(self, model: PortableModel, names: list[str]) -> None:
        super().__init__()
        self.model = model
        self.names = names

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        outputs, answer = part_outputs(self.model, inputs)
        return (*answer, *(outputs[name] for name in self.names))


@torch.no_grad()
def _trace(portable: Portable) -> Any:
    """Return torch's ``ONNXProgram``."""
    # Sizes of 0 and 1 would be taken for constants.
    example = random_inputs(portable.inputs, batch=2, share_of_length=1.0, with_text=True)
    outputs, answer = part_outputs(portable.model, example)
    same = [name for name, value in outputs.items() if any(_equal(value, known) for known in answer)]
    names = [name for name in outputs if name not in same]
    axes = {
        item.name: {
            axis: f"{item.name}_{axis}" if axis else "batch" for axis, size in enumerate(item.shape) if size is None
        }
        for item in portable.inputs
    }
    try:
        with _quiet(), exportable():
            program: Any = torch.onnx.export(
                _Named(portable.model, names).eval(),
                (),
                None,
                kwargs={"inputs": example},
                dynamo=True,
                opset_version=OPSET,
                input_names=[item.name for item in portable.inputs],
                output_names=[*OUTPUTS, *names],
                dynamic_shapes={"inputs": axes},
                verbose=False,
            )
    except Exception as error:  # the exporter's own, which wrap what any part of the model raised
        raise UserError(f"{_failing_part(portable.model, error)} cannot be exported: {_reason(error)}") from error
    outputs_of_graph = program.model.graph.outputs
    del outputs_of_graph[len(OUTPUTS) :]
    return program


def _free_axes(item: GraphInput) -> dict[int, str]:
    """Return the names of the axes whose size may differ from batch to batch."""
    free = [axis for axis, size in enumerate(item.shape) if size is None]
    return {axis: f"{item.name}_{axis}" if axis else "batch" for axis in free}


def _equal(value: Tensor, known: Tensor) -> bool:
    return value.shape == known.shape and torch.equal(value, known)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling about its own steps."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _failing_part(model: PortableModel, error: BaseException) -> str:
    """Name the innermost module of the model in which an error was raised."""
    names = {id(part): name for name, part in model.named_modules() if name}
    found = "the model"
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            own = trace.tb_frame.f_locals.get("self")
            if isinstance(own, nn.Module) and id(own) in names:
                found = f"{names[id(own)].removeprefix('classifier.')} ({type(own).__name__})"
            trace = trace.tb_next
        if found != "the model":
            return found
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return found


def _reason(error: BaseException) -> str:
    """Return the first line of the innermost error, and the second where the first announces it."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return " ".join(lines[: 2 if lines[0].endswith(":") else 1])
