"""Which configs can be exported, and how well their graphs agree with torch: one table over all of them.

Every config is made small (``configs/_base_/smoke.py``: pictures of 64 px, made-up data and weights), its model is
exported and compared on random inputs as :func:`kdxf.export.check_graph` does. Models of the same parts are exported
once; the table says which.

    python benchmarks/export_parity.py configs
"""

import kdxf.registry  # noqa: F401  isort: skip  (before the host, which it quietens)

import argparse
import tempfile
import time
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import torch

from kdxf.apis.stages import last_stage
from kdxf.engine.config import load_config
from kdxf.errors import UserError
from kdxf.export import export_graph, make_portable
from kdxf.smoke import find_configs
from kdxf.smoke.made_up_model import made_up_model, structure

REPO = Path(__file__).resolve().parents[1]


def row(config: Path, folder: Path) -> str:
    """Export a config's model and return its row of the table."""
    start = time.monotonic()
    torch.manual_seed(0)
    try:
        portable = make_portable(*made_up_model(config, folder, REPO / "configs" / "_base_" / "smoke.py"))
        parity = export_graph(portable, folder / "model.onnx")
    except UserError as error:
        return f"| {error} | | | {time.monotonic() - start:.0f} s |"
    names = ", ".join(f"`{item.name}`" for item in portable.inputs)
    return f"| {names} | {parity.score:.0e} | {parity.feature:.0e} | {time.monotonic() - start:.0f} s |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path, help="configs, or folders of them")
    known: dict[object, Path] = {}
    print("| config | inputs | largest difference of a score | of the feature, relative | time |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for config in find_configs(parser.parse_args().paths):
            kind = structure(last_stage(load_config(config)).model)
            with redirect_stdout(StringIO()):  # the log
                cells = f"| as {known[kind]} | | | |" if kind in known else row(config, Path(folder))
            known.setdefault(kind, config)
            print(f"| {config} {cells}", flush=True)


if __name__ == "__main__":
    main()
