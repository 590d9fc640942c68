import json
import socket
import time

import pytest
from service_fixtures import coloured


@pytest.fixture(scope="module")
def picture():
    return coloured("red")


def exchange(port, *pieces, pause=0.0, seconds=10):
    """Send bytes, and return what comes until the server ends the connection."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)
            while chunk := connection.recv(1 << 16):
                received += chunk
        except ConnectionError:
            pass
    return received


def parsed(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), json.loads(body)


@pytest.fixture
def port(make_service, serving):
    service, _ = make_service(megabytes=0.25, body_seconds=0.3, header_kilobytes=1)
    with serving(service) as port:
        yield port


def head(*lines):
    return "\r\n".join(["POST /v1/predict HTTP/1.1", "Host: x", "Content-Type: image/png", *lines, "", ""]).encode()


def test_headers_that_do_not_end_close_the_connection(port):
    begun = time.monotonic()
    assert exchange(port, b"POST /v1/predict HTTP/1.1\r\n") == b""
    assert exchange(port) == b""
    trickle = [b"POST /v1/predict HTTP/1.1\r\n", *[b"X: y\r\n"] * 50]
    assert exchange(port, *trickle, pause=0.02) == b""
    assert time.monotonic() - begun < 9  # before the client gives up


def test_a_request_that_is_answered_slowly_is_not_ended(make_service, serving, colour_answerer, picture):
    def slow(question):
        time.sleep(0.5)  # longer than headers may take
        return colour_answerer(question)

    service, _ = make_service(slow, body_seconds=0.3)
    request = head(f"Content-Length: {len(picture)}", "Connection: close") + picture
    with serving(service) as port:
        assert parsed(exchange(port, request))[0] == 200


def test_a_slow_body_is_refused(port):
    status, headers, content = parsed(exchange(port, head("Content-Length: 100"), b"x" * 10))
    assert (status, content["error"]["code"]) == (408, "slow")
    assert b"connection: close" in headers


def test_an_endless_body_is_refused(port):
    chunk = b"10000\r\n" + bytes(1 << 16) + b"\r\n"
    status, _, content = parsed(exchange(port, head("Transfer-Encoding: chunked"), *[chunk] * 12))
    assert (status, content["error"]["code"]) == (413, "too_large")


def test_a_body_that_says_that_it_is_too_large_is_refused_at_once(port):
    begun = time.monotonic()
    received = exchange(port, head("Content-Length: 99999999", "Expect: 100-continue"))
    assert parsed(received)[0] == 413  # without a "100 Continue" before it
    assert time.monotonic() - begun < 9


def test_what_is_no_http_is_refused_in_json(port):
    for junk in (b"\x16\x03\x01\x02\x00\r\n\r\n", head("Content-Length: many"), b"x" * 5000):
        status, _, content = parsed(exchange(port, junk))
        assert status == 400
        assert content["error"] == {
            "code": "http",
            "message": "this is no HTTP/1.1 request, or its headers are too long",
        }
        assert len(content["request_id"]) == 32


def test_whole_headers_that_are_too_long_are_refused(port, picture):
    request = head("X-Long: " + "x" * 1100, f"Content-Length: {len(picture)}") + picture
    assert parsed(exchange(port, request))[0] == 431


def test_after_all_that_the_service_answers(port, picture):
    for junk in (b"", b"\0" * 100, head("Content-Length: 100"), head("Content-Length: 99999999")):
        exchange(port, junk)
    request = head(f"Content-Length: {len(picture)}")
    closing = head(f"Content-Length: {len(picture)}", "Connection: close")
    received = exchange(port, request + picture, closing + picture)  # two over one connection
    assert received.count(b"HTTP/1.1 200") == 2
