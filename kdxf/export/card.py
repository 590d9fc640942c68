"""The model card of a bundle, for people."""

from collections.abc import Sequence
from typing import Any

from kdxf_runtime.bundle import Manifest

_SHOWN = 30


def card(manifest: Manifest, left_out: Sequence[str] = ()) -> str:
    """Return the card as Markdown.

    Args:
        manifest: The bundle's manifest.
        left_out: What it does not hold, and why.
    """
    about = manifest.about
    names = manifest.names or manifest.classes
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    lines = [
        f"# {manifest.name}",
        "",
        f"A classifier of pictures into {len(names)} classes: {', '.join(names[:_SHOWN])}{more}.",
        "It answers with one of them whatever a picture shows."
        if manifest.multi_label is None
        else "A picture may have several of them, or none.",
        "",
        "| | |",
        "|---|---|",
        f"| takes | {' and '.join(_modalities(manifest))} |",
        f"| made | {about.get('made')} by kdxf {about.get('kdxf')} from `{about.get('config')}` |",
        f"| weights | SHA-256 {about.get('checkpoint')} |",
        f"| trained on | {_training_data(about.get('training_data') or [])} |",
        f"| operators | ONNX opset {about.get('opset')} |",
        f"| compared with the model, in float32 | {_compared(about.get('compared') or {})} |",
        f"| test-time augmentation | {'no' if manifest.views is None else f'{len(manifest.views)} views'} |",
    ]
    if (eight := about.get("quantized")) is not None:
        lines.append(f"| eight bits | {_eight_bits(eight)} |")
    lines += [f"| calibration | {_calibration(manifest.calibration)} |"]
    if manifest.routing is not None:
        budget = 100 * float(manifest.routing["budget"])
        lines.append(f"| text is read | of all pictures, or only as needed, for {budget:g} points of accuracy |")
    lines += ["", "## Limits", ""]
    lines += [
        "- It knows pictures like those it was trained on. Others get a label as well, often with a high score.",
        "- It carries no licence of its own: those of its training data, of its pretrained weights and of the OCR "
        "models in `ocr/` (Apache 2.0 for PP-OCR) hold.",
    ]
    if manifest.about.get("columns"):
        lines.append(
            "- Columns come from a .csv list of kdxf-run that has them. For pictures without a list, and in the "
            "service, all of their cells count as missing."
        )
    lines += [f"- Left out: {line}" for line in left_out]
    return "\n".join(lines) + "\n"


def _modalities(manifest: Manifest) -> list[str]:
    names = {item.name for item in manifest.inputs}
    columns = ", ".join(map(str, manifest.about.get("columns") or ()))
    return [
        *(["the picture"] if "img" in names else []),
        *(["the text in it"] if manifest.engine is not None else []),
        *([f"the columns {columns} of a list"] if columns else []),
    ]


def _training_data(parts: Sequence[Any]) -> str:
    names = [
        str(part.get("ann_file") or part.get("name") or part) if isinstance(part, dict) else str(part) for part in parts
    ]
    return ", ".join(names).replace("|", "\\|")[:500] or "not noted in the checkpoint"


def _compared(found: dict[str, Any]) -> str:
    if not found:
        return "not yet"
    return (
        f"on {found['images']} pictures: {found['other_labels']} other labels, scores by {found['largest']:.1e} at most"
    )


def _eight_bits(found: dict[str, Any]) -> str:
    return (
        f"the image encoder, by {found['training_pictures']} training pictures: {found['shrink']:.1f} times smaller, "
        f"{found['speedup']:.1f} times as fast; top-1 accuracy {found['accuracy_after']:.2f} % instead of "
        f"{found['accuracy_before']:.2f} %, on {found['test_pictures']} test pictures"
    )


def _calibration(found: dict[str, Any] | None) -> str:
    if found is None:
        return "none: scores are as they come, and no share of right answers"
    before, after = (found.get(name, {}).get("ece") for name in ("before", "cross_fitted"))
    if before is None or after is None:
        return "yes"
    return f"expected calibration error {100 * before:.1f} before and {100 * after:.1f} after, on data not trained on"
