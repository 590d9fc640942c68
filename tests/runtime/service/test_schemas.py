import pytest
from service_fixtures import coloured
from starlette.testclient import TestClient

from kdxf_runtime.service.app import make_app
from kdxf_runtime.service.schemas import Failure, InferResponse, Model, Predicted


def strict(model):
    """The model, and those in it, with no other key than they describe."""

    def check(description, content):
        assert set(content) == set(description["properties"]), description["title"]

    def validate(content):
        schema = model.model_json_schema()
        check(schema, content)
        for name in schema.get("$defs", {}):
            found = {"PicturePrediction": "predictions", "Milliseconds": "milliseconds", "Bounds": "limits"}.get(name)
            if found:
                value = content[found]
                check(schema["$defs"][name], value[0] if isinstance(value, list) else value)
        return model.model_validate(content, strict=True)

    return validate


@pytest.fixture
def client(make_service):
    return TestClient(make_app(make_service()[0]))


def test_what_is_described_is_what_comes(client):
    answer = client.post("/v1/predict", content=coloured("red"), headers={"Content-Type": "image/png"})
    assert strict(Predicted)(answer.json()).predictions[0].category == "red"
    assert strict(Model)(client.get("/v1/model").json()).classes[2].name == "red"
    assert strict(Failure)(client.get("/none").json()).error.code == "path"
    tensor = {"name": "picture", "datatype": "BYTES", "shape": [1], "data": ["eA=="]}
    refused = client.post("/v2/models/colours/infer", json={"inputs": [tensor]})
    assert strict(Failure)(refused.json()).error.code == "picture"


def test_the_answer_of_the_open_inference_protocol(client):
    import base64

    data = [base64.b64encode(coloured("red")).decode()]
    tensor = {"name": "picture", "datatype": "BYTES", "shape": [1], "data": data}
    answer = client.post("/v2/models/colours/infer", json={"inputs": [tensor]})
    assert strict(InferResponse)(answer.json()).outputs[0].data == ["red"]
