"""A test pipeline as data: the steps of a bundle, and the files that they need, copied into it."""

import itertools
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kdxf.engine.config import type_name
from kdxf.errors import UserError
from kdxf.text.hugging_face import open_tokenizer
from kdxf_runtime.pipeline import KNOWN_STEPS, KNOWN_TOKENIZERS
from kdxf_runtime.vectors.store_meta import META_FILE, NGRAMS_FILE, VECTORS_FILE, StoreMeta

_PACKING = ("PackImageTextInputs", "PackInputs")
# Of the options of MMCV's and MMPretrain's transforms, those that say what is done anyway.
_SAID_ANYWAY = {"backend": "cv2", "color_type": "color", "auto_pad": False, "clip_object_border": True}
_NOT_READ = ("words.ann", "words.ann.sha256", "axes.npy", "counts.npy")


class StepWriter:
    """Writes the steps of pipelines into a bundle; a file that several steps name is copied once.

    Args:
        folder: The bundle that is being made.
        half: Write word vectors as float16.
    """

    def __init__(self, folder: Path, half: bool = False) -> None:
        self._folder = folder
        self._half = half
        self._copied: dict[str, str] = {}

    def steps(self, pipeline: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the steps of a pipeline without its packing.

        Raises:
            UserError: A transform is none that a bundle can have, or a file cannot be copied.
        """
        return [self._step(dict(config)) for config in pipeline if type_name(config) not in _PACKING]

    def _step(self, config: dict[str, Any]) -> dict[str, Any]:
        name = config["type"] = type_name(config)
        if name == "LoadImageFromFile":
            config = {"type": "LoadImage", **{key: value for key, value in config.items() if key != "type"}}
            name = "LoadImage"
        if name not in KNOWN_STEPS:
            raise UserError(
                f"the test pipeline has {name}, which a bundle cannot hold; known are {', '.join(sorted(KNOWN_STEPS))}"
            )
        config = {key: value for key, value in config.items() if _SAID_ANYWAY.get(key, self) != value}
        if name == "LoadImage":  # what it keeps is for training
            config = {key: value for key, value in config.items() if not key.startswith("cache")}
        elif name == "LookUpWordVectors":
            config["vectors"] = self._once(config["vectors"], "text/vectors", self._copy_vectors)
        elif name == "EncodeTfidf":
            config["folder"] = self._once(config["folder"], "text/tfidf", _copy_folder)
        elif name == "EncodeTable":
            config["file"] = self._once(config["file"], "table.json", shutil.copyfile)
        elif name == "TokenizeForTransformer":
            config |= _tokenizer_facts(config["tokenizer"])
            config["tokenizer"] = self._once(config["tokenizer"], "text/tokenizer", _save_tokenizer) + "/tokenizer.json"
        elif name == "TokenizeOCR":
            config["tokenizer"] = self._tokenizer(dict(config["tokenizer"]))
        elif name == "Letterbox" and "reflect_prob" in config:
            prob = config.pop("reflect_prob")
            if prob not in (0, 1):
                raise UserError(f"Letterbox: reflect_prob is {prob} in the test pipeline; give 0 or 1")
            config["reflect"] = bool(prob)
        return config

    def _tokenizer(self, config: dict[str, Any]) -> dict[str, Any]:
        name = config["type"] = type_name(config)
        if name not in KNOWN_TOKENIZERS:
            raise UserError(f"a bundle cannot hold the tokenizer {name}; take {' or '.join(sorted(KNOWN_TOKENIZERS))}")
        if config.get("user_dict") is not None:
            config["user_dict"] = self._once(config["user_dict"], "text/dictionary.txt", shutil.copyfile)
        return config

    def _once(self, source: str, name: str, copy: Any) -> str:
        """Copy a file or folder into the bundle unless that was done, and return its path there."""
        source = str(source)
        if source not in self._copied:
            taken = set(self._copied.values())
            target = next(
                path
                for path in itertools.chain([name], (f"{name}-{n}" for n in itertools.count(2)))
                if path not in taken
            )
            (self._folder / target).parent.mkdir(parents=True, exist_ok=True)
            copy(Path(source), self._folder / target)
            self._copied[source] = target
        return self._copied[source]

    def _copy_vectors(self, source: Path, target: Path) -> None:
        """Copy what a look-up reads: neither the index of neighbours nor the counts."""
        meta = StoreMeta.load(source)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns(*_NOT_READ, META_FILE))
        if self._half and meta.dtype == "float32":
            for name in (VECTORS_FILE, NGRAMS_FILE):
                if (target / name).is_file():
                    np.save(target / name, np.load(source / name, mmap_mode="r").astype(np.float16))
        dtype = "float16" if self._half else meta.dtype
        kept = {"kind": "converted", "dtype": dtype, "source": [], "details": {}}
        StoreMeta(**{**vars(meta), **kept}).save(target)


def _copy_folder(source: Path, target: Path) -> None:
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".*"))


def _tokenizer_facts(folder: str) -> dict[str, Any]:
    opened = open_tokenizer(Path(folder), "TokenizeForTransformer: tokenizer")
    return {"pad_id": opened.pad_token_id or 0, "special_tokens": opened.num_special_tokens_to_add()}


def _save_tokenizer(source: Path, target: Path) -> None:
    opened: Any = open_tokenizer(source, "TokenizeForTransformer: tokenizer")
    backend = getattr(opened, "backend_tokenizer", None)
    if backend is None:
        raise UserError(
            f"{source}: has no fast tokenizer, and a bundle can hold no other; give a model whose folder has a "
            "tokenizer.json"
        )
    target.mkdir()
    backend.save(str(target / "tokenizer.json"))


def split_views(pipeline: Sequence[Mapping[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the pipeline of each view of a pipeline with ``TestTimeAug``, in the order in which it makes them.

    Raises:
        UserError: There is no ``TestTimeAug`` at the end.
    """
    if not pipeline or type_name(pipeline[-1]) != "TestTimeAug":
        raise UserError("tta_pipeline: does not end with TestTimeAug, which names the views")
    choices = [
        [option if isinstance(option, list | tuple) else [option] for option in group]
        for group in pipeline[-1]["transforms"]
    ]
    first = [dict(step) for step in pipeline[:-1]]
    return [[*first, *(dict(step) for part in parts for step in part)] for parts in itertools.product(*choices)]
