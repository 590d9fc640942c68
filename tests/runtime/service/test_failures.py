import asyncio
import json

from kdxf_runtime.service.failures import FailureResponse, RequestError, too_many


def send(response, received, state=None):
    """Return what a response sends, and for each time that it asks for more of the request, what was sent before."""
    sent, asked = [], []

    async def receive():
        asked.append(len(sent))
        return received.pop(0)

    async def keep(message):
        sent.append(message)

    asyncio.run(response({"type": "http", "state": state or {}}, receive, keep))
    return sent, asked


def test_an_error_has_one_form():
    response = FailureResponse(RequestError(418, "tea", "no coffee"), "id-1")
    sent, asked = send(response, [])
    assert (sent[0]["status"], asked) == (418, [])
    assert json.loads(sent[1]["body"]) == {"error": {"code": "tea", "message": "no coffee"}, "request_id": "id-1"}
    assert dict(sent[0]["headers"]).get(b"connection") is None


def test_a_connection_ends_after_the_answer_was_sent_and_the_request_was_drained():
    pieces = [{"type": "http.request", "body": b"x" * 10, "more_body": True}] * 3
    last = {"type": "http.request", "body": b"", "more_body": False}
    response = FailureResponse(RequestError(413, "too_large", "less", closes=True), "id-1")
    sent, asked = send(response, [*pieces, last])
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert json.loads(sent[1]["body"])["error"]["code"] == "too_large"
    assert asked == [2] * 4  # head and body were sent before
    assert sent[2] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_a_request_that_was_received_is_not_waited_for():
    response = FailureResponse(RequestError(413, "too_large", "less", closes=True), "id-1")
    sent, asked = send(response, [], {"is_received": True})
    assert dict(sent[0]["headers"])[b"connection"] == b"close"
    assert asked == []


def test_an_endless_request_is_not_drained_for_ever():
    pieces = [{"type": "http.request", "body": bytes(1 << 20), "more_body": True}] * 50
    response = FailureResponse(RequestError(413, "too_large", "less", closes=True), "id-1")
    sent, asked = send(response, list(pieces))
    assert len(asked) == 4  # MiB
    assert sent[-1]["more_body"] is False


def test_too_many_says_when_to_come_again():
    error = too_many("64 pictures wait already")
    assert (error.status, error.code, error.headers) == (429, "busy", {"Retry-After": "1"})
    assert error.message == "64 pictures wait already; try again after 1 s"
