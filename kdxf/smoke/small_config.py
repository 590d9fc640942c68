"""Turns any config into one that runs on made-up data."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from kdxf.engine.config import building, load_config, model_config, type_name
from kdxf.errors import UserError
from kdxf.models.backbones.timm_weights import present_name
from kdxf.registry import MODELS
from kdxf.smoke import made_up_data as made_up

_LOADERS = ("train_dataloader", "val_dataloader", "test_dataloader")
_PACKING = ("PackImageTextInputs", "PackInputs")
_PAIR_CHANNELS, _PAIR_POSITIONS = 512, 77  # of the pair that configs name
_MANY_CLASSES = 1000  # a classifier of more takes gigabytes in training


def small_config(cfg: Config, folder: Path, changes: Config) -> Config:
    """Give a config of the same parts that needs nothing but what is made in ``folder``.

    Weights are left out; every dataset gets the same few pictures, with labels of the config's classes; pictures are
    small; word vectors, TF-IDF, tables, stored features, transformers, class trees, policies, soft labels and teachers
    are made up where the config names some. Where there are thousands of classes, a hundredth of them is left.

    Args:
        cfg: A config without stages, or one stage; not changed.
        folder: For the files.
        changes: The override file, ``configs/_base_/smoke.py``.

    Raises:
        UserError: The config does not say how many classes there are.
    """
    cfg = Config(cfg.to_dict(), filename=cfg.filename, format_python_code=False)
    override = {name: part for name, part in changes.override.items() if cfg.get(name) is not None}
    cfg.merge_from_dict(override)
    for part in _dicts([cfg.model, cfg.get("data_preprocessor")]):
        if part.get("num_classes", 0) > _MANY_CLASSES:
            part["num_classes"] //= 100
    if (cfg.get("train_cfg") or {}).get("max_epochs") == 1:  # too short to be stopped and resumed
        cfg.train_cfg.max_epochs = 2
    maker = _Maker(cfg, folder, changes)
    for name in _LOADERS:
        if cfg.get(name) is not None:
            maker.adapt(cfg[name].dataset)
    for name in ("model", "tta_model", "tta_pipeline", "val_evaluator", "test_evaluator", "custom_hooks"):
        if cfg.get(name) is not None:
            maker.adapt(cfg[name])
    if cfg.get("tta_pipeline"):
        maker.shrink(cfg.tta_pipeline)
    cfg.load_from, cfg.resume = None, False
    cfg.custom_hooks = [*(cfg.get("custom_hooks") or []), dict(type="BudgetHook", steps=changes.steps)]
    return cfg


class _Maker:
    """Makes the files of one config, each when it is first asked for."""

    def __init__(self, cfg: Config, folder: Path, changes: Config) -> None:
        self.folder, self.edge, self._changes = folder, changes.edge, changes
        self.num_classes = _number_of_classes(cfg)
        self.classes = [f"class {index}" for index in range(self.num_classes)]
        sources = [source for part in _parts(cfg.model, "Distillation") for source in part["teachers"]]
        models = [cfg.model, *(load_config(source["config"]).model for source in sources if "config" in source)]
        self.vector_width = next((part["in_channels"] for part in _parts(models, "Word2VecEncoder")), None)
        self.table_width = next((part["in_channels"] for part in _parts(models, "TabularEncoder")), 0)
        self.tfidf_width = next((part["in_channels"] for part in _parts(models, "TfidfEncoder")), 8)
        self.has_pair = any(True for _ in _parts(cfg.to_dict(), "ClipTextEncoder"))
        self.has_layout = any(True for _ in _parts(cfg.to_dict(), "LayoutTextEncoder"))
        trees = [*_parts(cfg.model, "HierarchicalClsHead"), *_parts(cfg.get("test_evaluator"), "HierarchicalAccuracy")]
        self.levels = sorted({level for part in trees for level in part.get("levels") or ("coarse",)} | {"coarse"})
        if not (folder / "images").exists():
            made_up.write_images(folder)

    def adapt(self, node: Any) -> None:
        """Change a part of a config in place, and the parts within it."""
        for part in _dicts(node):
            adapt = getattr(self, f"_adapt_{part.get('type')}", None)
            if adapt is not None:
                adapt(part)
            weights = part.get("init_cfg") or {}
            made_here = str(weights.get("checkpoint", "")).startswith(str(self.folder))
            if weights.get("type") == "Pretrained" and not made_here:
                part["init_cfg"] = None
            if "class_tree" in part:
                part["class_tree"], part["classes"] = str(self._tree()), self.classes
            for name in ("pipeline", "train_pipeline"):  # the second one is SwitchRecipeHook's
                if isinstance(part.get(name), list):
                    self.shrink(part[name])

    def shrink(self, steps: list) -> None:
        """Bring the pictures of a pipeline to the edge's size just before they are packed."""
        if not any(step.get("type") in ("LoadImage", "LoadImageFromFile") for step in steps):
            return
        resize = dict(type="Resize", scale=(self.edge, self.edge))
        for index, step in enumerate(steps):
            if step.get("type") in _PACKING:
                steps.insert(index, resize)
                return
            if step.get("type") == "TestTimeAug":  # each item holds alternatives
                packing = [choices[0].get("type") in _PACKING for choices in step["transforms"]]
                if any(packing):
                    step["transforms"].insert(packing.index(True), [resize])

    def _adapt_OCRTextDataset(self, part: dict) -> None:  # noqa: N802  (named after the type)
        several = part.get("multi_label", False)
        labels = self.folder / "lists" / f"{self.num_classes}_{'several' if several else 'one'}.csv"
        if not labels.exists():
            made_up.write_list(labels, self.classes, several)
        part.update(data_root=str(self.folder), data_prefix="images", ann_file=str(labels), classes=self.classes)
        part.pop("fraction", None)
        if part.get("ocr_file"):
            part["ocr_file"] = "ocr"
        if part.get("columns"):
            part["columns"] = list(made_up.COLUMNS)
        if part.get("soft_label_file"):
            soft = labels.with_suffix(".parquet")
            if not soft.exists():
                made_up.write_soft_labels(soft, self.classes, several)
            part["soft_label_file"] = str(soft)

    def _adapt_LookUpWordVectors(self, part: dict) -> None:  # noqa: N802
        if self.vector_width is None:
            raise UserError("the pipeline looks word vectors up, but the model has no Word2VecEncoder that takes them")
        vectors = self.folder / f"vectors_{self.vector_width}"
        if not vectors.exists():
            made_up.write_vectors(vectors, self.vector_width)
        part["vectors"] = str(vectors)

    def _adapt_EncodeTfidf(self, part: dict) -> None:  # noqa: N802
        folder = self.folder / f"tfidf_{self.tfidf_width}"
        if not folder.exists():
            made_up.write_tfidf(folder, self.tfidf_width)
        part["folder"] = str(folder)

    def _adapt_EncodeTable(self, part: dict) -> None:  # noqa: N802
        file = self.folder / f"table_{self.table_width}.json"
        if not file.exists():
            made_up.write_table(file, self.table_width)
        part["file"] = str(file)

    def _adapt_LoadFeature(self, part: dict) -> None:  # noqa: N802
        if type_name(part["backbone"]) == "ClipImageEncoder":
            self._adapt_ClipImageEncoder(part["backbone"])
        else:
            self._write_backbone(part["backbone"])
        picture = [dict(type="LoadImage"), dict(type="Resize", scale=(self.edge, self.edge))]
        # Without training views, which would have to be computed ahead, features are computed as they are asked for.
        part.update(folder=str(self.folder / "features"), test_image=picture, train_image=[], views=0)

    def _write_backbone(self, backbone: dict) -> None:
        weights = self.folder / f"{backbone.get('model_name', backbone['type'])}.pth"
        if not weights.exists():
            made_up.write_backbone(weights, backbone)
        backbone["init_cfg"] = dict(type="Pretrained", checkpoint=str(weights))

    def _adapt_LoadTextFeature(self, part: dict) -> None:  # noqa: N802
        part["folder"] = str(self.folder / "features")  # its encoder and tokenizer are adapted like others

    def _adapt_TokenizeForTransformer(self, part: dict) -> None:  # noqa: N802
        part["tokenizer"] = str(self._pair() if self.has_pair else self._lilt() if self.has_layout else self._bert())

    def _adapt_TransformerTextEncoder(self, part: dict) -> None:  # noqa: N802
        part["pretrained"] = str(self._bert())

    def _adapt_LayoutTextEncoder(self, part: dict) -> None:  # noqa: N802
        part["pretrained"] = str(self._lilt())

    def _adapt_ClipTextEncoder(self, part: dict) -> None:  # noqa: N802
        part["pretrained"] = str(self._pair())

    def _adapt_ClipImageEncoder(self, part: dict) -> None:  # noqa: N802
        part["init_cfg"] = dict(type="Pretrained", checkpoint=str(self._pair()))

    def _adapt_HuggingFaceBackbone(self, part: dict) -> None:  # noqa: N802
        if part.get("init_cfg"):
            part["config"] = part["init_cfg"]["checkpoint"]

    def _adapt_TIMMBackbone(self, part: dict) -> None:  # noqa: N802
        from timm.models import get_pretrained_cfg

        part["pretrained"] = False
        part.pop("checkpoint_path", None)
        known = get_pretrained_cfg(present_name(part["model_name"]))
        if known is not None and known.fixed_input_size:
            part["img_size"] = self.edge

    def _adapt_SwinTransformer(self, part: dict) -> None:  # noqa: N802
        part["pad_small_map"] = True

    def _adapt_Albumentations(self, part: dict) -> None:  # noqa: N802
        if part.get("file"):
            policy = self.folder / "policy.json"
            if not policy.exists():
                made_up.write_policy(policy)
            part["file"] = str(policy)

    def _adapt_Distillation(self, part: dict) -> None:  # noqa: N802
        for number, source in enumerate(part["teachers"]):
            if "config" not in source:
                raise UserError("predictions as teachers cannot be made up; try the config with a model as teacher")
            teacher = small_config(load_config(source["config"]), self.folder, self._changes)
            with building(teacher):
                model = MODELS.build(model_config(teacher))
            config, weights = (self.folder / f"teacher_{number}.{suffix}" for suffix in ("py", "pth"))
            teacher.dump(config)
            torch.save({"state_dict": model.state_dict()}, weights)
            source.update(config=str(config), checkpoint=str(weights))

    def _bert(self) -> Path:
        folder = self.folder / "bert"
        if not folder.exists():
            made_up.write_bert(folder)
        return folder

    def _lilt(self) -> Path:
        folder = self.folder / "lilt"
        if not folder.exists():
            made_up.write_lilt(folder)
        return folder

    def _pair(self) -> Path:
        folder = self.folder / "clip"
        if not folder.exists():
            made_up.write_pair(folder, "clip", _PAIR_CHANNELS, positions=_PAIR_POSITIONS)
        return folder

    def _tree(self) -> Path:
        path = self.folder / "lists" / f"{self.num_classes}_tree.csv"
        made_up.write_class_tree(path, self.classes, self.levels)
        return path


def _number_of_classes(cfg: Config) -> int:
    heads = [model.get("head") for model in cfg.model.get("members") or [cfg.model]]
    found = [part["num_classes"] for part in _dicts(heads) if "num_classes" in part]
    if not found:
        raise UserError(f"{cfg.filename}: its head does not say num_classes")
    return max(found)


def _parts(node: Any, kind: str) -> Iterator[dict]:
    return (part for part in _dicts(node) if part.get("type") == kind)


def _dicts(node: Any) -> Iterator[dict]:
    """Give every dict in a part of a config, the outer before the inner."""
    if isinstance(node, Mapping):
        yield node  # type: ignore[misc]
        node = list(node.values())
    if isinstance(node, list | tuple):
        for item in node:
            yield from _dicts(item)
