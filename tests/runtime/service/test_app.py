import re
import sys
import types

import pytest
from service_fixtures import coloured
from starlette.testclient import TestClient

from kdxf_runtime.service import app as app_module
from kdxf_runtime.service.app import make_app
from kdxf_runtime.service.static_page import page_files

PREDICT = "/v1/predict"
IMAGE = {"Content-Type": "image/png"}


@pytest.fixture
def client(make_service):
    service, _ = make_service(megabytes=0.05, pictures=3)
    return TestClient(make_app(service))


def error(answer):
    content = answer.json()
    assert content["request_id"] == answer.headers["x-request-id"]
    assert set(content) == {"error", "request_id"}
    return answer.status_code, content["error"]["code"], content["error"]["message"]


def test_the_contract(client, colour_bundle):
    files = [("file", ("../../红.png", coloured("red"))), ("file", ("b.png", b"no picture"))]
    answer = client.post(f"{PREDICT}?topk=1", files=files, headers={"X-Request-ID": "id-1"})
    content = answer.json()
    first, second = content.pop("predictions")
    assert (answer.status_code, answer.headers["x-request-id"]) == (200, "id-1")
    milliseconds = content.pop("milliseconds")
    assert milliseconds.pop("queue") == 500
    assert set(milliseconds) == {"decode", "ocr", "model"}
    assert content == {"model": "colours", "bundle": colour_bundle.digest, "request_id": "id-1", "calibrated": False}
    assert first.pop("score") == pytest.approx(1, abs=1e-3)
    assert first.pop("top")[0]["name"] == "red"
    assert first == {
        "name": "红.png",
        "error": None,
        "category_id": 2,
        "category": "red",
        "labels": None,
        "set": None,
        "decision": None,
        "reason": "",
        "text": None,
        "explanation": None,
    }
    assert second["name"] == "b.png"
    assert second["error"].startswith("not a whole picture")


def test_one_picture_is_the_body(client):
    (prediction,) = client.post(PREDICT, content=coloured("green"), headers=IMAGE).json()["predictions"]
    assert (prediction["name"], prediction["category"], len(prediction["top"])) == (None, "green", 3)


def test_options_reach_the_workers(make_service, colour_answerer):
    service, pool = make_service()
    client = TestClient(make_app(service))
    client.post(PREDICT, content=b"x", headers=IMAGE)
    client.post(f"{PREDICT}?topk=2&text=0&explain=1", content=b"x", headers=IMAGE)
    asked = [(question.topk, question.with_text, question.explain) for question in pool.questions]
    assert asked == [(5, True, False), (2, False, True)]


def test_scores_without_text_may_be_calibrated_by_themselves(make_service):
    service, _ = make_service()
    service.is_calibrated = {True: True, False: False}
    client = TestClient(make_app(service))
    found = [client.post(f"{PREDICT}?text={text}", content=b"x", headers=IMAGE).json()["calibrated"] for text in (1, 0)]
    assert found == [True, False]


def test_an_explanation_comes_with_the_answer(client, monkeypatch):
    made = types.SimpleNamespace(to_json=lambda: {"regions": [[0.5]]})
    monkeypatch.setitem(sys.modules, "kdxf_runtime.explain", types.SimpleNamespace(explain=lambda *_, **options: made))
    (prediction,) = client.post(f"{PREDICT}?explain=1", content=coloured("red"), headers=IMAGE).json()["predictions"]
    assert prediction["explanation"] == {"regions": [[0.5]]}


def test_refusals_have_one_form(client):
    assert error(client.get("/none")) == (404, "path", "there is nothing at this path; /docs lists all")
    wrong_method = client.get(PREDICT)
    assert error(wrong_method) == (405, "method", "this path takes another method")
    assert wrong_method.headers["allow"] == "POST"
    assert error(client.post(f"{PREDICT}?topk=0"))[:2] == (422, "option")
    assert error(client.post(f"{PREDICT}?topk=x"))[2].startswith("topk: Input should be a valid integer")
    assert error(client.post(f"{PREDICT}?text=maybe"))[2].startswith("text: Input should be a valid boolean")
    assert error(client.post(PREDICT, content=b"{}", headers={"Content-Type": "text/json"}))[0] == 415
    assert error(client.post(PREDICT, content=bytes(60_000), headers=IMAGE))[:2] == (413, "too_large")
    four = [("file", ("a.png", b"x"))] * 4
    assert error(client.post(PREDICT, files=four))[:2] == (413, "too_many_pictures")


def test_a_full_queue_refuses_before_the_body_is_looked_at(make_service):
    service, pool = make_service(queue=3, pictures=3)
    pool.held = [None] * 3
    answer = TestClient(make_app(service)).post(PREDICT, content=b"x", headers={"Content-Type": "text/x"})
    assert error(answer) == (429, "busy", "3 pictures wait already; try again after 1 s")
    assert answer.headers["retry-after"] == "1"


def test_memory_is_given_back(make_service, colour_answerer):
    service, _ = make_service(megabytes=0.05)
    client = TestClient(make_app(service))
    for _ in range(20):  # more than the bodies that are held at a time
        assert client.post(PREDICT, content=bytes(50_000), headers=IMAGE).status_code == 200
        assert client.post(PREDICT, content=iter([bytes(60_000)]), headers=IMAGE).status_code == 413


def test_a_fault_is_told_without_its_details(make_service):
    def broken(question):
        raise RuntimeError("secret")

    service, _ = make_service(broken)
    client = TestClient(make_app(service), raise_server_exceptions=False)
    answer = client.post(PREDICT, content=b"x", headers=IMAGE)
    message = "the service has a fault; its log tells of it under this request_id"
    assert error(answer) == (500, "fault", message)


def test_no_page_of_another_origin_may_read_answers(client):
    answer = client.get("/v1/model", headers={"Origin": "http://elsewhere"})
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_documents_load_nothing(client):
    page = client.get("/docs").text
    assert PREDICT in page
    assert "/v2/models/{name}/infer" in page
    assert not re.search(r"<script|<link|src=|https?:", page)
    description = client.get("/openapi.json").json()
    kinds = description["paths"][PREDICT]["post"]["requestBody"]["content"]
    assert set(kinds) == {"multipart/form-data", "image/*", "application/octet-stream"}
    assert {"200", "413", "429", "504"} <= set(description["paths"][PREDICT]["post"]["responses"])
    assert client.get("/redoc").status_code == 404


def test_metrics_are_text_for_prometheus(client):
    client.post(PREDICT, content=coloured("red"), headers=IMAGE)
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'kdxf_requests_total{method="POST",path="/v1/predict",status="200"} 1.0' in answer.text


def test_the_page_and_the_health_need_no_token(make_service, monkeypatch, tmp_path):
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "page.js").write_text("script")
    monkeypatch.setattr(app_module, "page_files", lambda: page_files(tmp_path))
    service, _ = make_service()
    client = TestClient(make_app(service, "s3cret"))
    assert client.get("/").text == "page"
    assert client.get("/page.js").text == "script"
    assert client.get("/v2/health/ready").status_code == 200
    for path in ("/v1/model", "/metrics", "/docs", "/page.css"):
        assert error(client.get(path))[:2] == (401, "token")
    assert client.get("/v1/model", headers={"Authorization": "Bearer s3cret"}).json()["name"] == "colours"
