"""Makes the files that a config asks for: a few small pictures with text, their lists, vectors and the like."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from kdxf.io.annotations import write_annotations
from kdxf.io.predictions import Predictions, write_predictions
from kdxf.text.ocr import OCRRecord, OCRTableWriter
from kdxf.text.vectors.convert import convert_vectors
from kdxf_runtime.table_columns import CategoryColumn, NumberColumn, TableColumns
from kdxf_runtime.vectors.tfidf import Tfidf, TfidfMeta, count_terms

COUNT = 4
WORDS = ("milk", "牛奶", "sale", "5g")
IMAGES = [f"shop/图 {index}.png" for index in range(COUNT)]
# Of odd sizes and shapes, the last one without text.
_SIZES = ((56, 40), (40, 56), (48, 48), (97, 33))
COLUMNS = {"price": ["1.5", "2", None, "7"], "shop": ["a", "b", "a", "c"]}  # further columns of lists
_BERT_WORDS = ("牛", "奶", "milk", "sale", "，")
_BERT_WIDTH = 768  # of the models that configs name


def write_images(root: Path) -> None:
    """Draw noise into ``images/``, and write the OCR table ``ocr``: a word in each picture but the last."""
    for index, (name, size) in enumerate(zip(IMAGES, _SIZES, strict=True)):
        pixels = np.random.default_rng(index).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
        (root / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(root / "images" / name)
    box = np.array([[[4, 4], [36, 4], [36, 12], [4, 12]]], np.float32)
    with OCRTableWriter(root / "ocr", "made up") as writer:
        for name, (width, height), word in zip(IMAGES[:-1], _SIZES, WORDS, strict=False):
            writer.add(OCRRecord(name, [word], np.array([0.9], np.float32), box, width, height, "made up", None))


def write_list(path: Path, classes: Sequence[str], multi_label: bool) -> None:
    """Write an annotation list whose labels are spread over the classes; with weights and :data:`COLUMNS`."""
    picked = [classes[index] for index in np.linspace(0, len(classes) - 1, COUNT).astype(int)]
    labels = [f"{name}|{classes[0]}" for name in picked] if multi_label else picked
    write_annotations(pd.DataFrame({"image": IMAGES, "label": labels, "weight": 1.0, **COLUMNS}), path)


def write_soft_labels(path: Path, classes: Sequence[str], multi_label: bool) -> None:
    """Write soft labels of all images: uniform."""
    scores = np.full((COUNT, len(classes)), 0.5 if multi_label else 1 / len(classes), np.float32)
    predicted = np.ones(scores.shape, bool) if multi_label else None
    write_predictions(Predictions(IMAGES, scores, tuple(classes), predicted=predicted), path)


def write_vectors(folder: Path, width: int) -> None:
    """Write word vectors of a given width."""
    rows = np.random.default_rng(0).normal(size=(len(WORDS), width))
    lines = [f"{word} {' '.join(f'{number:.3f}' for number in row)}" for word, row in zip(WORDS, rows, strict=True)]
    text = folder.with_suffix(".txt")
    text.write_text("\n".join([f"{len(WORDS)} {width}", *lines]) + "\n", encoding="utf-8")
    convert_vectors(text, folder, trees=0)


def write_tfidf(folder: Path, width: int) -> None:
    """Write a TF-IDF folder of the words of :data:`WORDS` with random components, ``width`` channels."""
    terms = sorted(count_terms(WORDS, 2, 4))
    components = np.random.default_rng(0).normal(size=(len(terms), width)).astype(np.float32)
    meta = TfidfMeta(COUNT, len(terms), width, (2, 4), 1.0, {"type": "WordTokenizer"})
    Tfidf(meta, terms, np.ones(len(terms), np.float32), components).save(folder)


def write_table(path: Path, width: int) -> None:
    """Write how :data:`COLUMNS` are encoded, as ``width`` numbers: the price as two, the shop as the others."""
    shops = tuple(f"{letter}{number}" for number in range(width) for letter in "abc")[: width - 3]
    source = {"list": "made up", "sha256": "", "rows": COUNT}
    TableColumns((NumberColumn("price", (), 3.0, 2.0), CategoryColumn("shop", shops)), source).save(path)


def write_backbone(path: Path, backbone: Mapping[str, Any]) -> None:
    """Write random weights of a backbone, for features of a "frozen" one."""
    import torch

    from kdxf.registry import MODELS

    model: Any = MODELS.build({**backbone, "init_cfg": None, "_scope_": "kdxf"})
    torch.save(model.state_dict(), path)


def write_class_tree(path: Path, classes: Sequence[str], levels: Sequence[str]) -> None:
    """Write a class tree with two groups on each level."""
    tree = {level: [f"{level} {index % 2}" for index in range(len(classes))] for level in levels}
    write_annotations(pd.DataFrame({"fine": classes, **tree}), path)


def write_policy(path: Path) -> None:
    """Write a policy as albumentations saves it: one transform that leaves the picture readable."""
    brightness = {"__class_fullname__": "albumentations.RandomBrightnessContrast", "p": 0.5}
    compose = {"__class_fullname__": "albumentations.Compose", "p": 1.0, "transforms": [brightness]}
    path.write_text(json.dumps({"__version__": "2.0.8", "transform": compose}), encoding="utf-8")


def write_bert(folder: Path) -> None:
    """Write a BERT of one layer with its tokenizer, as wide as BERT-base."""
    _write_like_bert(folder, "Bert")


def _write_like_bert(folder: Path, kind: str, **options: int) -> None:
    """Write a model of one layer with a BERT's tokenizer; ``kind`` begins the names of its classes in transformers."""
    from kdxf_runtime.optional import require

    transformers = require("transformers", "transformers", "a config with a transformer for the text")
    folder.mkdir(parents=True)
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=_write_bert_tokenizer(folder),
        hidden_size=_BERT_WIDTH,
        num_hidden_layers=1,
        num_attention_heads=12,
        intermediate_size=8,
        **options,
    )
    getattr(transformers, f"{kind}Model")(config).save_pretrained(folder)


def _write_bert_tokenizer(folder: Path) -> int:
    """Write the tokenizer of a BERT, and return how many tokens it has."""
    vocabulary = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *_BERT_WORDS)
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}', encoding="utf-8")
    return len(vocabulary)


def write_lilt(folder: Path) -> None:
    """Write a LiLT of one layer with a BERT's tokenizer, as wide as the base models."""
    _write_like_bert(folder, "Lilt", max_position_embeddings=514, pad_token_id=0)


_TOWER = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}


def write_pair(folder: Path, kind: str, channels: int, image_size: int = 32, positions: int = 16) -> None:
    """Write a pair of image and text encoder of two layers each, with its tokenizer and what it says of pictures.

    Args:
        folder: To be made.
        kind: ``'clip'``, ``'siglip'`` or ``'chinese_clip'``.
        channels: Width of the shared space.
        image_size: Edge of its pictures, in pixels.
        positions: How many tokens a text may have.
    """
    import torch

    from kdxf_runtime.optional import require

    transformers: Any = require("transformers", "transformers", "a config with a pretrained pair")
    folder.mkdir(parents=True)
    count = {"clip": _write_clip_tokenizer, "siglip": _write_siglip_tokenizer, "chinese_clip": _write_bert_tokenizer}[
        kind
    ](folder)
    vision = {**_TOWER, "image_size": image_size, "patch_size": 16}
    text = {**_TOWER, "vocab_size": count, "max_position_embeddings": positions}
    if kind == "siglip":  # its image tower ends in the shared space
        vision["hidden_size"] = text["projection_size"] = channels
    if kind == "clip":
        text |= {"bos_token_id": count - 2, "eos_token_id": count - 1}
    config = transformers.AutoConfig.for_model(
        kind, vision_config=vision, text_config=text, **({} if kind == "siglip" else {"projection_dim": channels})
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = transformers.AutoModel.from_config(config)
        for name, parameter in model.named_parameters():  # what starts as zero or one hides differences
            if not name.startswith("logit_"):
                torch.nn.init.normal_(parameter, std=0.3)
    model.save_pretrained(folder)
    picture = {"do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.3, 0.2, 0.25], "resample": 3}
    if kind == "clip":
        size = {"size": {"shortest_edge": image_size}, "do_center_crop": True, "crop_size": image_size}
    else:
        size = {"size": {"height": image_size, "width": image_size}}
    (folder / "preprocessor_config.json").write_text(json.dumps({**picture, **size}), encoding="utf-8")


def _write_clip_tokenizer(folder: Path) -> int:
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789.,"]
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    about = {"tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")
    return len(tokens)


def _write_siglip_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    tokens = ["<pad>", "<eos>", "<unk>", *_BERT_WORDS, *"abcdefghijklmnopqrstuvwxyz"]
    tokenizer = Tokenizer(models.WordLevel({token: index for index, token in enumerate(tokens)}, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    tokenizer.save(str(folder / "tokenizer.json"))
    about = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "<pad>", "eos_token": "<eos>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")
    return len(tokens)
