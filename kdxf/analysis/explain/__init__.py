"""Why a model answers as it does: single images, single modalities, and shortcuts that a class hangs on."""

from kdxf.analysis.explain.drawing import draw_explanation, draw_heatmap
from kdxf.analysis.explain.explain import explain
from kdxf.analysis.explain.explanation import Explanation, WordEffect
from kdxf.analysis.explain.modalities import modality_predictions
from kdxf.analysis.explain.scorer import Scorer
from kdxf.analysis.explain.shortcuts import Reliance, find_shortcuts

__all__ = [
    "Explanation",
    "Reliance",
    "Scorer",
    "WordEffect",
    "draw_explanation",
    "draw_heatmap",
    "explain",
    "find_shortcuts",
    "modality_predictions",
]
