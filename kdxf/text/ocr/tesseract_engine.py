"""Tesseract as an engine, in this process; its language data come from the system's packages."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from kdxf.errors import UserError
from kdxf.text.registry import OCR_ENGINES
from kdxf_runtime.ocr.base import BaseOCREngine, SideLimits
from kdxf_runtime.ocr.record import OCRLine
from kdxf_runtime.optional import require

if TYPE_CHECKING:
    from tesserocr import PyTessBaseAPI

# Where packages put language data: Debian and Ubuntu, Arch, Fedora, builds from source, Homebrew.
_DATA_FOLDERS = (
    "/usr/share/tesseract-ocr/*/tessdata",
    "/usr/share/tessdata",
    "/usr/share/tesseract/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
_READ_NOTHING = ("OSD_ONLY", "AUTO_ONLY", "COUNT")  # page segmentation modes that read no text, and a count
# Tesseract puts a space after each Chinese or Japanese word that it knows; the scripts have none.
_CJK = r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]"
_SPACE_IN_CJK = re.compile(f"(?<={_CJK}) +(?={_CJK})")


@OCR_ENGINES.register_module()
class TesseractEngine(BaseOCREngine):
    """Tesseract 5: good at pages and screenshots, weak at photographs, where it also "reads" many textures.

    ``min_score=0.6`` drops most of those.

    Args:
        languages: Tesseract's codes, the most important first.
        data_dir: Folder of the ``*.traineddata`` files; by default the environment variable ``TESSDATA_PREFIX``, or
            the folder of the system's packages.
        page_seg_mode: How Tesseract searches for text: the name of a mode such as ``sparse_text`` (anywhere, for
            photographs), ``auto`` (columns and paragraphs, for pages) or ``single_block``.
        min_side: Smaller images are enlarged until their shorter side has this many pixels.
        max_side: The longer side never exceeds this many pixels; it wins over ``min_side``.
        num_threads: Threads per engine, where Tesseract was built with OpenMP (Debian's is, tesserocr's wheel is
            not). It holds for the whole process from the first engine on.
        reading: ``rotations``, ``max_aspect``, ``tile_overlap``, ``min_score``; see
            :class:`kdxf_runtime.ocr.base.Reading`.

    Raises:
        UserError: The package, or the data of a language, is missing or broken, or there is no such mode.
    """

    def __init__(
        self,
        languages: Sequence[str] = ("chi_sim", "eng"),
        data_dir: str | Path | None = None,
        page_seg_mode: str = "sparse_text",
        min_side: int = 736,
        max_side: int = 3000,
        num_threads: int = 1,
        **reading: Any,
    ) -> None:
        super().__init__(**reading)
        if num_threads < 1:
            raise ValueError(f"num_threads must be at least 1, not {num_threads}")
        self._sides = SideLimits(min_side, max_side)
        names = [languages] if isinstance(languages, str) else list(languages)
        self._tesseract = _import(num_threads)
        self._reader = self._start(names, _data_folder(names, data_dir), page_seg_mode)
        words = ["tesseract", self._tesseract.tesseract_version().split()[1], "+".join(names), page_seg_mode]
        self.name = " ".join([*words, str(self._sides), str(self.reading)])

    def find_lines(self, image: np.ndarray) -> list[OCRLine]:
        """Scale the image into the side limits, read it, and return the boxes in its original pixels."""
        image, scale = self._sides.scale(image)
        self._reader.SetImage(Image.fromarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)))
        try:
            self._reader.Recognize()
            return self._lines(scale)
        finally:
            self._reader.Clear()

    def _lines(self, scale: float) -> list[OCRLine]:
        level = self._tesseract.RIL.TEXTLINE
        items = self._reader.GetIterator()
        lines = []
        for item in self._tesseract.iterate_level(items, level) if items is not None else ():
            if item.Empty(level) or not (text := _SPACE_IN_CJK.sub("", item.GetUTF8Text(level).strip())):
                continue
            left, top, right, bottom = item.BoundingBox(level)
            box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32) / np.float32(scale)
            lines.append(OCRLine(text, item.Confidence(level) / 100, box))
        return lines

    def _start(self, languages: list[str], folder: Path, page_seg_mode: str) -> "PyTessBaseAPI":
        known = vars(self._tesseract.PSM)
        modes = {name.lower(): known[name] for name in known if name.isupper() and name not in _READ_NOTHING}
        if page_seg_mode not in modes:
            raise UserError(f"Tesseract: page_seg_mode is one of {', '.join(modes)}, not '{page_seg_mode}'")
        try:
            return self._tesseract.PyTessBaseAPI(str(folder), "+".join(languages), psm=modes[page_seg_mode])
        except RuntimeError as error:
            raise UserError(
                f"Tesseract does not start with {'+'.join(languages)} of {folder}: {error}; install the data anew"
            ) from error


def _import(num_threads: int) -> ModuleType:
    """Import tesserocr with a limit on threads: OpenMP reads it when it is loaded, and Tesseract obeys no other."""
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = str(num_threads)
    try:
        return require("tesserocr", "tesseract", "TesseractEngine")
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before


def _data_folder(languages: Sequence[str], data_dir: str | Path | None) -> Path:
    """Return the folder that has the data of all languages.

    Raises:
        UserError: There is none.
    """
    if given := data_dir or os.environ.get("TESSDATA_PREFIX"):
        folders = [Path(given)]
    else:
        folders = [folder for pattern in _DATA_FOLDERS for folder in sorted(Path("/").glob(pattern[1:]), reverse=True)]
    if not languages:
        raise UserError("Tesseract: languages is empty; name one, such as eng")
    lacks = [[name for name in languages if not (folder / f"{name}.traineddata").is_file()] for folder in folders]
    if [] in lacks:
        return folders[lacks.index([])]
    lacking = lacks[0] if lacks else languages
    packages = " ".join(f"tesseract-ocr-{name.replace('_', '-').replace('/', '-').lower()}" for name in lacking)
    where = f"in {folders[0]}" if folders else "on this machine"
    raise UserError(
        f"Tesseract: no data for {', '.join(lacking)} {where}; install them (Debian, Ubuntu: apt-get install "
        f"{packages}) or name the folder that has them with the engine option data_dir"
    )
