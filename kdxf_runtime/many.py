"""The command line's way to predictions: a CSV at once, or parts that go on after an interruption."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from kdxf_runtime import predict
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.optional import require
from kdxf_runtime.predict import Report, Settings
from kdxf_runtime.predictions import Columns


def predict_many(
    bundle: str | Path,
    inputs: Sequence[str],
    settings: Settings,
    columns: Columns,
    args: argparse.Namespace,
) -> Report:
    """Predict as the options say.

    Args:
        bundle: The bundle.
        inputs: What to predict (:mod:`kdxf_runtime.sources`).
        settings: How the bundle answers.
        columns: Columns of the CSV.
        args: ``save_csv``, ``excel``, ``precision``, ``review``, ``workers``, and the options of
            :func:`kdxf_runtime.options.add_parts`.

    Raises:
        UserError: As of :func:`kdxf_runtime.predict.predict_csv` and :func:`kdxf_runtime.parts_job.predict_parts`.
    """
    workers = available_cores() if args.workers is None and args.executor == "processes" else args.workers
    if args.parts is None:
        return predict.predict_csv(
            bundle,
            inputs,
            args.save_csv,
            settings,
            columns=columns,
            excel=args.excel,
            precision=args.precision,
            review=args.review,
            workers=workers,
        )
    require("pyarrow.parquet", "parts", "--parts")
    from kdxf_runtime.parts_job import Executor, predict_parts

    table = predict.Table(args.save_csv, columns, args.excel, args.precision, args.review)
    executor = Executor(args.executor, workers, args.ray_address)
    return predict_parts(bundle, inputs, args.parts, settings, executor=executor, table=table)
