import asyncio
import json
import re
from types import SimpleNamespace

import pytest

from kdxf_runtime.service.gate import Gate
from kdxf_runtime.service.metrics import Metrics


async def inner(scope, receive, send):
    scope["route"] = SimpleNamespace(path="/{name}")
    scope["state"]["pictures"], scope["state"]["bytes"] = 2, 10
    if scope["path"] == "/fault":
        raise RuntimeError("fault")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["state"]["request_id"].encode()})


def ask(path="/secret.jpg", method="GET", token=None, metrics=None, **headers):
    """Return status, headers and body."""
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    gate = Gate(inner, metrics or Metrics(lambda: 0), token, ["/open"], 200)
    asyncio.run(gate({"type": "http", "path": path, "method": method, "headers": named}, receive, send))
    assert gate.active == 0
    return sent[0]["status"], dict(sent[0]["headers"]), b"".join(message.get("body", b"") for message in sent)


def test_it_is_noted_when_the_whole_request_was_received():
    pieces, noted = [True, True, False], []

    async def receive():
        return {"type": "http.request", "body": b"x", "more_body": pieces.pop(0)}

    async def reading(scope, receive, send):
        while pieces:
            await receive()
            noted.append(scope["state"]["is_received"])

    gate = Gate(reading, Metrics(lambda: 0), None, [], 200)
    asyncio.run(gate({"type": "http", "path": "/", "method": "POST", "headers": []}, receive, None))
    assert noted == [False, False, True]


def test_a_sane_request_id_is_kept():
    _, headers, body = ask(x_request_id="trace-1:a.B_2")
    assert headers[b"x-request-id"] == body == b"trace-1:a.B_2"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\nb", "<script>", "é"])
def test_another_request_id_is_replaced(given):
    _, headers, body = ask(x_request_id=given)
    assert headers[b"x-request-id"] == body
    assert re.fullmatch(rb"[0-9a-f]{32}", body)


def test_the_log_has_a_line_of_json_without_what_clients_make_up(capsys):
    ask("/secret.jpg", "BREW", x_request_id="id-1")
    line = json.loads(capsys.readouterr().out)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert 0 <= line.pop("ms") < 1000
    assert line == {"id": "id-1", "method": "other", "path": "/{name}", "status": 200, "pictures": 2, "bytes": 10}


def test_requests_are_counted_by_their_route(capsys):
    metrics = Metrics(lambda: 0)
    ask(metrics=metrics)
    assert 'kdxf_requests_total{method="GET",path="/{name}",status="200"} 1.0' in metrics.text().decode()


def test_a_fault_is_logged_too(capsys):
    with pytest.raises(RuntimeError):
        ask("/fault")
    assert json.loads(capsys.readouterr().out)["path"] == "/{name}"


def test_the_token(capsys):
    for good in ("Bearer s3cret", "bearer  s3cret"):
        assert ask(token="s3cret", authorization=good)[0] == 200
    for bad in ("Bearer s3cre", "Bearer s3crett", "Basic s3cret", "s3cret", "Bearer", ""):
        status, headers, body = ask(token="s3cret", authorization=bad)
        assert (status, headers[b"www-authenticate"]) == (401, b"Bearer")
        assert json.loads(body)["error"] == {
            "code": "token",
            "message": "give the token of this service, in the header Authorization: Bearer TOKEN",
        }
    assert ask(token="s3cret")[0] == 401
    assert ask("/open", token="s3cret")[0] == 200
    assert "s3cret" not in capsys.readouterr().out


def test_headers_are_bounded():
    assert ask(x_long="x" * (200 - 10))[0] == 200  # x-long, colon, space, line end
    status, headers, body = ask(x_long="x" * (200 - 9))
    assert (status, headers[b"connection"]) == (431, b"close")
    assert json.loads(body)["error"]["message"] == "the headers have more than 200 bytes; send shorter ones"
