import base64
import json
import math

import pytest
from service_fixtures import coloured
from starlette.testclient import TestClient

from kdxf_runtime.service.app import make_app

BEST = math.exp(10) / (math.exp(10) + 2)
REST = 1 / (math.exp(10) + 2)
INFER = "/v2/models/colours/infer"


@pytest.fixture
def client(make_service):
    service, _ = make_service(megabytes=0.01, pictures=3)
    return TestClient(make_app(service))


def asked(*pictures, **changes):
    data = [base64.b64encode(picture).decode() for picture in pictures]
    tensor = {"name": "picture", "datatype": "BYTES", "shape": [len(data)], "data": data, **changes}
    return {"id": "7", "inputs": [tensor]}


def test_pictures_are_answered(client, colour_bundle):
    answer = client.post(INFER, json=asked(coloured("red"), coloured("blue"))).json()
    outputs = answer.pop("outputs")
    assert answer == {"model_name": "colours", "model_version": colour_bundle.digest, "id": "7"}
    assert outputs[0] == {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["red", "blue"]}
    assert [(one["name"], one["datatype"], one["shape"]) for one in outputs[1:]] == [
        ("score", "FP32", [2]),
        ("scores", "FP32", [2, 3]),
    ]
    assert outputs[1]["data"] == pytest.approx([BEST, BEST], abs=1e-6)
    assert outputs[2]["data"] == pytest.approx([REST, REST, BEST, BEST, REST, REST], abs=1e-6)


def test_the_metadata_fits_the_answer(client):
    metadata = client.get("/v2/models/colours").json()
    outputs = client.post(INFER, json=asked(coloured("red"))).json()["outputs"]
    for described, given in zip(metadata["outputs"], outputs, strict=True):
        assert (described["name"], described["datatype"]) == (given["name"], given["datatype"])
        assert len(described["shape"]) == len(given["shape"])
    assert metadata["inputs"] == [{"name": "picture", "datatype": "BYTES", "shape": [-1]}]


def test_health_and_server(client, colour_bundle):
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2/models/colours/ready").json() == {"name": "colours", "ready": True}
    assert client.get("/v2").json() == {"name": "kdxf", "version": colour_bundle.digest, "extensions": []}


def test_a_service_that_ends_is_live_but_not_ready(make_service):
    service, _ = make_service()
    service.is_ending = True
    client = TestClient(make_app(service))
    assert client.get("/v2/health/live").status_code == 200
    for answer in (
        client.get("/v2/health/ready"),
        client.get("/v2/models/colours/ready"),
        client.post(INFER, json=asked(coloured("red"))),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ending")


@pytest.mark.parametrize("path", ["/v2/models/x", "/v2/models/x/ready"])
def test_another_model(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "there is no such model here; there is colours"
    assert client.post("/v2/models/x/infer", json={}).status_code == 404


ONE = "give one input, 'picture' with the datatype BYTES"


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"{", 400, "the body is no JSON"),
        (b"[" * 5000, 400, "the body is no JSON"),
        (b"\xff", 400, "the body is no JSON"),
        (b"[]", 400, "the body is no request of the protocol: : Input should be"),
        (b'{"inputs": [{}]}', 400, "the body is no request of the protocol: inputs.0.name: Field required"),
        (b'{"inputs": []}', 400, ONE),
        (asked(b"x", name="image"), 400, ONE),
        (asked(b"x", datatype="FP32"), 400, ONE),
        (asked(b"x", shape=[2]), 400, "picture has the shape [2] and 1 pictures; give [1]"),
        (asked(b"x", data=["?"]), 400, "picture is not base64"),
        (asked(b"x", data=[3]), 400, "picture is not base64"),
        (asked(), 400, "picture has the shape [0] and 0 pictures; give [0]"),
        (asked(*[b"x"] * 4), 413, "the request has 4 pictures, and at most 3 are taken; send fewer at a time"),
        (asked(coloured("red"), b"x"), 400, "picture 1: not a whole picture of a known format"),
        (b" " * 10486, 413, "the body is larger than "),
    ],
)
def test_what_is_refused(client, body, status, message):
    answer = client.post(INFER, content=body if isinstance(body, bytes) else json.dumps(body))
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(message)
