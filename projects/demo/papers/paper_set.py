"""The whole set of papers: pictures in class folders, lists, and the OCR table."""

import random
import shutil
from pathlib import Path

import numpy as np
from tqdm import tqdm

from kdxf.data.split import Split, read_class_folders, split, write_split
from kdxf.errors import UserError
from kdxf.text.ocr.writer import OCRTableWriter
from papers.kinds import KINDS
from papers.page import draw
from papers.reading import ENGINE, read
from papers.words import AUTHORS, write

IMAGES = "images"
FEWEST, MOST = 110, 200  # words of a paper, without prices
TRAIN_FRACTION = 0.6


def generate(folder: Path, papers: int = 60, seed: int = 0, overwrite: bool = False, font: Path | None = None) -> Split:
    """Draw the set into ``folder``: ``images/<kind>/<number>.png``, the lists and class names, and ``ocr``.

    The same arguments, font and version of Pillow give the same files.

    Args:
        folder: The folder to make; it appears only when it is complete.
        papers: Papers of each kind, at least 2.
        seed: Another seed gives other papers.
        overwrite: Whether to replace the folder if it exists.
        font: A font file; by default Pillow's own.

    Raises:
        UserError: The folder exists and ``overwrite`` is off, or there are too few papers for two lists.
    """
    if papers < 2:
        raise UserError(f"{papers} papers per kind: needs at least 2, of which one is for validation")
    if folder.exists() and not overwrite:
        raise UserError(f"{folder} exists; choose another folder, or replace it with --overwrite")
    growing = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(growing, ignore_errors=True)
    jobs = [(index, number) for index in range(len(KINDS)) for number in range(papers)]
    with OCRTableWriter(growing / "ocr", ENGINE) as table:
        for index, number in tqdm(jobs, desc="drawing", unit="paper"):
            rng = random.Random(f"{seed}/{index}/{number}")
            author = rng.randrange(AUTHORS)
            page = draw(KINDS[index], author, write(index, author, rng.randint(FEWEST, MOST), rng), rng, font)
            name = f"{IMAGES}/{index}/{number:03d}.png"
            (growing / name).parent.mkdir(parents=True, exist_ok=True)
            page.image.save(growing / name, optimize=True)
            noise = np.random.default_rng([seed, index, number])
            table.add(read(name, page.image.size, page.lines, noise))
    (growing / "ocr" / ".lock").unlink()
    images = read_class_folders(growing / IMAGES, growing)
    result = split(images, TRAIN_FRACTION, seed=seed, names=[kind.name for kind in KINDS])
    write_split(result, growing)
    shutil.rmtree(folder, ignore_errors=True)
    growing.rename(folder)
    return result
