import numpy as np

from kdxf.analysis.explain.regions import EDGES, MIDDLE, SURROUNDINGS
from kdxf.datasets.transforms import CoverRegion


def covered(cover):
    """Where a black picture with a white part stays as it is, bool (10, 10)."""
    image = np.arange(300).reshape(10, 10, 3).astype(np.uint8)
    result = CoverRegion(cover[:4], cover.outside).transform({"img": image})["img"]
    return (result != image).any(axis=2)


def test_the_edges_frame_the_middle():
    frame = np.logical_or.reduce([covered(edge) for edge in EDGES.values()])
    assert (frame == covered(SURROUNDINGS)).all() and (frame == ~covered(MIDDLE)).all()
    assert {name: covered(edge).sum() for name, edge in EDGES.items()} == dict.fromkeys(EDGES, 20)
    assert covered(EDGES["left"])[:, :2].all() and covered(EDGES["bottom"])[8:].all()
