"""Hugging Face models in local folders: the folder, its config.json and its tokenizer.

Nothing is fetched from the network, and no code in a folder is run.
"""

import json
import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from kdxf.errors import UserError
from kdxf_runtime.io.digests import known_digest, settings_digest
from kdxf_runtime.optional import require

TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)
_MODEL_SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".bin")  # not those of other frameworks
_HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")


def local_folder(path: str | Path, option: str) -> Path:
    """Return the folder of a model.

    Args:
        path: The folder.
        option: The option's name for messages, such as ``'TransformerTextEncoder: pretrained'``.

    Raises:
        UserError: It is a file, does not exist, or is a name on the Hugging Face hub.
    """
    folder = Path(path).expanduser()
    if folder.is_dir():
        return folder
    if folder.exists():
        raise UserError(f"{option} {path} is a file; give the folder that holds config.json")
    if _HUB_NAME.fullmatch(str(path)) and not (len(folder.parts) == 2 and folder.parent.is_dir()):
        raise UserError(
            f"{option} {path} is a name on the Hugging Face hub, not a folder; download it first with "
            f"'hf download {path} --local-dir data/pretrained/{folder.name}' and give that folder"
        )
    raise UserError(
        f"{option} {path} does not exist; download a model into it with 'hf download OWNER/NAME --local-dir {path}'"
    )


def model_digest(folder: str | Path) -> str:
    """Return the SHA-256 of the files that a model and its tokenizer are read from, 64 hexadecimal digits.

    The place of the folder does not count, nor do files of another kind, such as a README.

    Raises:
        OSError: A file cannot be read.
    """
    files = sorted(file for file in Path(folder).iterdir() if file.suffix in _MODEL_SUFFIXES)
    return settings_digest([(file.name, known_digest(file)) for file in files])


def read_config_json(folder: Path, option: str) -> dict[str, Any]:
    """Read the config.json of a model.

    Raises:
        UserError: There is none, or it is damaged.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise UserError(f"{option} {folder} has no config.json; give the folder of a Hugging Face model")
    return read_json(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        UserError: It does not hold one.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is damaged ({error}); download it again") from error
    if not isinstance(content, dict):
        raise UserError(f"{path} is damaged (it holds no JSON object); download it again")
    return content


def open_tokenizer(folder: Path, option: str) -> Any:
    """Open the tokenizer in a folder; repeated calls in one process return the same object.

    Raises:
        UserError: There is none, it cannot be opened, or the package transformers is missing.
    """
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise UserError(
            f"{option} {folder} has no tokenizer ({', '.join(TOKENIZER_FILES)}); put the model's tokenizer files there"
        )
    transformers = require("transformers", "transformers", option.partition(":")[0])
    # One document at a time gains nothing from threads, and loader workers that are forked from them would warn.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        return _open(transformers, str(folder))
    except Exception as error:  # tokenizers and their readers fail in many ways
        reason = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
        raise UserError(f"{option} {folder}: the tokenizer cannot be opened ({reason}); download it again") from error


def encode_text(tokenizer: Any, text: str, max_length: int | None = None) -> tuple[list[int], list[tuple[int, int]]]:
    """Cut a text with what :func:`open_tokenizer` opened.

    Args:
        tokenizer: Its fast tokenizer is used where it has one, as in a bundle: those of LayoutLM's kin would otherwise
            want words with boxes.
        text: The text.
        max_length: The most tokens to return; by default all.

    Returns:
        The ids, with the special tokens; and the characters of each, start and end, which are equal for special tokens
        and unknown, all 0, to a tokenizer that is not fast.
    """
    if not tokenizer.is_fast:
        ids = tokenizer(text, truncation=max_length is not None, max_length=max_length, verbose=False)["input_ids"]
        return ids, [(0, 0)] * len(ids)
    fast = tokenizer.backend_tokenizer
    fast.no_padding()
    if max_length is None:
        fast.no_truncation()
    else:
        fast.enable_truncation(max_length)
    encoding = fast.encode(text)
    return encoding.ids, encoding.offsets


@lru_cache
def _open(transformers: Any, folder: str) -> Any:
    return transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
