"""The OCR job: reads many images with worker processes into a table, and resumes where it was stopped."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from kdxf.text.ocr.summary import OCRSummary
from kdxf.text.ocr.workers import OCRWorkers
from kdxf.text.ocr.writer import OCRTableWriter


def run_ocr(
    images: Iterable[str],
    root: str | Path,
    out: str | Path,
    engine: Mapping[str, Any],
    *,
    workers: int = 1,
    imports: Sequence[str] = (),
    part_rows: int = 1000,
    part_seconds: float = 30.0,
    overwrite: bool = False,
    retry_errors: bool = False,
    progress: bool = True,
) -> OCRSummary:
    """Reads the text in ``images`` into the table ``out``, leaving out the images that it holds already.

    It may be killed at any moment: what is lost is the part not yet written (at most ``part_rows`` images or
    ``part_seconds``), and the same call continues. Ctrl-C saves that part too. An image that cannot be read becomes
    a row with ``error``. The workers are spawned, so a script calls this below ``if __name__ == '__main__':``.

    Args:
        images: Image keys: POSIX paths relative to ``root``. One that is named twice is read once.
        root: The image root.
        out: The table: a folder of parts.
        engine: Config of the engine, ``dict(type='RapidOCREngine', ...)``.
        workers: Number of processes.
        imports: Modules that register engines from outside kdxf.
        part_rows: Rows in a part of the table.
        part_seconds: A part is written at the latest when its first row is this old.
        overwrite: Reads everything anew.
        retry_errors: Reads the images again whose row has an error.
        progress: Shows a progress bar.

    Returns:
        The counts over ``images``, ``str()`` of which is a report.

    Raises:
        UserError: The engine cannot be built, or the table belongs to another engine or another running job.
    """
    root, out = Path(root), Path(out)
    if workers < 1:
        raise ValueError(f"workers must be at least 1, not {workers}")
    names = list(dict.fromkeys(images))
    unnamed = [name for name in names if not _is_unicode(name)]
    if unnamed:
        names = [name for name in names if _is_unicode(name)]
    with (
        OCRWorkers(engine, root, max(1, min(workers, len(names))), imports) as group,
        OCRTableWriter(out, group.engine_name, part_rows, part_seconds, overwrite) as writer,
    ):
        if retry_errors:
            writer.drop_errors()
        todo = writer.missing(names)
        start = time.monotonic()
        _fill(writer, group, todo, len(names), progress)
        seconds = time.monotonic() - start
    return OCRSummary.of(out, names, unnamed, len(todo), seconds)


def _fill(writer: OCRTableWriter, group: OCRWorkers, todo: list[str], total: int, progress: bool) -> None:
    done, bad = total - len(todo), 0
    with tqdm(total=total, initial=done, desc="OCR", unit=" images", smoothing=0.05, disable=not progress) as bar:
        try:
            for record in group.read(todo):
                writer.add(record)
                bar.update()
                if record.error is not None:
                    bad += 1
                    bar.set_postfix(unreadable=bad, refresh=False)
        except KeyboardInterrupt:
            writer.flush()
            bar.close()
            print(f"stopped after {bar.n} of {total} images; the same command continues", file=sys.stderr)
            raise


def _is_unicode(name: str) -> bool:
    """Tells whether Parquet (UTF-8) can hold the name; bytes of another encoding come as lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
