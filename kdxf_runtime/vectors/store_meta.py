"""The folder of a vector store: its files, and what they are.

==================== =================================================================================================
file                 content
==================== =================================================================================================
``meta.json``        the description: :class:`StoreMeta`
``vectors.npy``      the vectors, (V, D) float32 or float16, the most frequent word's first
``words.*``          the words: :mod:`kdxf_runtime.vectors.vocabulary`
``counts.npy``       how often each occurs in the training text, (V,) int64; not in a converted store
``ngrams.npy``       the vectors of hashed n-grams, (buckets, D); only for fastText
``spelling.npy``     finds words of similar spelling: :mod:`kdxf_runtime.spelling.speller`; older stores lack it
``words.ann``        finds words of similar vectors: :mod:`kdxf.text.vectors.index`; not with ``--trees 0``
``words.ann.sha256`` its digest: :mod:`kdxf.text.vectors.annoy_file`
``axes.npy``         the principal axes, for vectors of more than 100 numbers
==================== =================================================================================================
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kdxf_runtime.errors import UserError
from kdxf_runtime.io.text_files import read_json_text

VECTORS_FILE = "vectors.npy"
NGRAMS_FILE = "ngrams.npy"
COUNTS_FILE = "counts.npy"
META_FILE = "meta.json"
FORMAT = 1


@dataclass(frozen=True)
class StoreMeta:
    """The description of a store in ``meta.json``.

    Attributes:
        kind: ``'word2vec'`` or ``'fasttext'`` (trained here), or ``'converted'`` (from a published file).
        words: The number of words.
        dim: The width of a vector.
        dtype: The type of the stored vectors, ``'float32'`` or ``'float16'``.
        compose: How an unknown word is composed: of ``'characters'`` (their sum) or ``'ngrams'`` (their mean).
        ngrams: The least and the greatest length of an n-gram, for ``compose='ngrams'``.
        source: The files that the vectors come from, as given by the user.
        tokenizer: The config of the tokenizer that cut the training text, None for a converted file.
        details: How the vectors were made: settings, and the figures of the corpus or of the conversion.
        versions: The versions of the packages that made them.
        format: The version of this folder's format.
    """

    kind: str
    words: int
    dim: int
    dtype: str
    compose: str
    ngrams: list[int] | None = None
    source: list[str] = field(default_factory=list)
    tokenizer: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def save(self, folder: Path) -> None:
        """Write ``meta.json``, the last file of a store."""
        text = json.dumps(asdict(self), ensure_ascii=False, indent=2)
        (folder / META_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "StoreMeta":
        """Read ``meta.json``.

        Raises:
            UserError: The folder is not a vector store, or one of another format.
        """
        path = folder / META_FILE
        if not path.is_file():
            raise UserError(f"{folder} is not a word vector folder (no {META_FILE}): make one with tools/word2vec.py")
        advice = "make the vectors anew with tools/word2vec.py"
        try:
            values = read_json_text(path)
        except UserError as error:
            raise UserError(f"{error}: {advice}") from error
        try:
            if values["format"] != FORMAT:
                raise UserError(f"{path}: format {values['format']!r}, this kdxf reads {FORMAT}: make the vectors anew")
            meta = cls(**values)
        except (KeyError, TypeError) as error:
            raise UserError(f"{path} is damaged: {advice}") from error
        if wrong := meta._wrong():
            raise UserError(f"{path} is damaged ({wrong} is {values.get(wrong)!r}): {advice}")
        return meta

    def _wrong(self) -> str | None:
        """Return the name of a value that no store has; the file may come from a stranger."""
        sound = {
            "kind": self.kind in ("word2vec", "fasttext", "converted"),
            "words": type(self.words) is int and self.words > 0,
            "dim": type(self.dim) is int and self.dim > 0,
            "dtype": self.dtype in ("float32", "float16"),
            "compose": self.compose == ("characters" if self.ngrams is None else "ngrams"),
            "ngrams": self.ngrams is None or are_lengths(self.ngrams),
            "tokenizer": self.tokenizer is None or (isinstance(self.tokenizer, dict) and "type" in self.tokenizer),
        }
        return next((name for name, is_sound in sound.items() if not is_sound), None)


def are_lengths(ngrams: Any) -> bool:
    """Tell whether a value from a file is the least and the greatest length of an n-gram."""
    is_pair = isinstance(ngrams, list | tuple) and len(ngrams) == 2 and all(type(length) is int for length in ngrams)
    return is_pair and 1 <= ngrams[0] <= ngrams[1]
