
from kdxf.analysis.explain.drawing import draw_explanation, draw_heatmap
from kdxf.analysis.explain.explain import explain
from kdxf.analysis.explain.explanation import Explanation, WordEffect
from kdxf.analysis.explain.modalities import modality_predictions

__all__ = [
    "Explanation",
    "WordEffect",
    "draw_explanation",
    "draw_heatmap",
    "explain",
    "modality_predictions",
]
