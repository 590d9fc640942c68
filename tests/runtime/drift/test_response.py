import numpy as np

from kdxf_runtime.drift.response import Response


def test_features_and_gates_may_be_missing():
    response = Response(np.array([0.25, 0.75]))
    assert (response.features, response.gates) == ({}, {})
