"""Fuzzing of everything that reads a file: images, lists, predictions, vectors, OCR tables, configs, recipes and more.

    make fuzz                                                                       # five minutes
    OMP_NUM_THREADS=1 python benchmarks/fuzz.py [--minutes 5 | --inputs N] [--seed 0] [--target NAME ...]
    OMP_NUM_THREADS=1 python benchmarks/fuzz.py --replay work_dirs/fuzz/NAME-INDEX

Valid files that are made by code (tests/fixtures/fuzzing/targets.py) are changed at random, in their bytes and in what
they say, and given to what reads them. Each must be read, or refused in one line. Anything else is a finding: another
exception, a message of several lines, more than 10 s, more than 1 GiB of memory, or the end of the process. The first
input of each finding is kept with its seed and index in --out, from which --replay reads it again. Ends with status 1
if there are findings.

--inputs gives the same files each time; with --minutes the machine decides how many there are.
"""

import argparse
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "fixtures"))

from fuzzing.campaign import Count, Finding, kept_input, run, try_input  # noqa: E402
from fuzzing.targets import TARGETS  # noqa: E402

from kdxf_runtime.io.machine import available_cores  # noqa: E402

_KINDS = ("traceback", "lines", "hang", "memory", "death")


def replay(path: Path) -> bool:
    """Read the input of a finding again, and print what comes of it; tell whether it is still one."""
    name, kept = kept_input(path)
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / kept.name
        shutil.copytree(kept, copied) if kept.is_dir() else shutil.copyfile(kept, copied)
        kind, what, where, details = try_input(TARGETS[name], copied)
    print(f"{name}: {kind} {where} {what}\n{details}".strip())
    return kind not in ("read", "refused")


def main() -> int:
    """Fuzz, print the counts and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0, help="in all (default: 5)")
    parser.add_argument("--inputs", type=int, help="of each target, however long they take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", nargs="+", choices=list(TARGETS), default=list(TARGETS), help="(default: all)")
    parser.add_argument("--out", type=Path, default=Path("work_dirs/fuzz"), help="folder of the findings")
    parser.add_argument("--replay", type=Path, metavar="FINDING", help="read the input of a finding again")
    args = parser.parse_args()
    if args.replay:
        return int(replay(args.replay))
    workers = min(available_cores(), len(args.target))
    seconds = float("inf") if args.inputs else 60 * args.minutes * workers / len(args.target)

    def fuzz(name: str) -> tuple[Count, list[Finding]]:
        count, findings = run(name, TARGETS[name], args.seed, args.inputs, seconds, args.out)
        for found in findings:
            print(f"{args.out / f'{name}-{found.index}'}: {found.kind} {found.where} {found.what}", flush=True)
        return count, findings

    with ThreadPoolExecutor(workers) as pool:
        results = dict(zip(args.target, pool.map(fuzz, args.target), strict=True))
    rows = {
        name: {
            "inputs": count.inputs,
            "read": count.read,
            "refused": count.refused,
            **{kind: count.findings[kind] for kind in _KINDS},
            "longest s": round(count.seconds, 2),
        }
        for name, (count, _) in results.items()
    }
    table = pd.DataFrame(rows).T
    total = table.sum()
    total["longest s"] = table["longest s"].max()
    table.loc["all"] = total
    print(table.astype({name: int for name in table.columns if name != "longest s"}).to_string())
    return int(any(findings for _, findings in results.values()))


if __name__ == "__main__":
    sys.exit(main())
