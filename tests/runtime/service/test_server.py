import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from service_fixtures import coloured

from kdxf_runtime.errors import UserError
from kdxf_runtime.service.server import listen


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        message = f"^--host 127.0.0.1 --port {port}: Address already in use; give another one$"
        with pytest.raises(UserError, match=message):
            listen("127.0.0.1", port)
    with pytest.raises(UserError, match=r"^--host 127.0.0.1 --port 70000: .*; give another one$"):
        listen("127.0.0.1", 70000)


def test_an_address_of_ipv6():
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with contextlib.suppress(UserError), listen("::1", 0) as listener:  # some containers have none
        assert listener.family == socket.AF_INET6


@contextlib.contextmanager
def process(bundle, *words):
    """The service in a process of its own: the process, and its port."""
    command = [
        sys.executable,
        "-m",
        "kdxf_runtime.service",
        str(bundle.folder),
        "--port",
        "0",
        "--workers",
        "1",
        *words,
    ]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = running.stderr.readline()
        assert line.startswith("colours answers at http://127.0.0.1:"), line + running.stderr.read()
        yield running, int(line.rpartition(":")[2])
    finally:
        running.kill()
        running.communicate()


def ask(port, body, answers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", "/v1/predict", body, {"Content-Type": "image/png"})
    response = connection.getresponse()
    answers.append((response.status, json.loads(response.read())))


def ready(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", "/v2/health/ready")
    return connection.getresponse().status


def test_sigterm_finishes_what_was_accepted_and_ends_with_0(colour_bundle):
    picture = coloured("red", (1500, 1500))
    with process(colour_bundle) as (running, port):
        assert ready(port) == 200
        answers = []
        ask(port, picture, answers)
        # A request that has been accepted, but whose body is still on its way, when the signal comes.
        half = socket.create_connection(("127.0.0.1", port), 20)
        head = (
            f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: {len(picture)}\r\n\r\n"
        )
        half.sendall(head.encode() + picture[:10])
        time.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        assert running.stderr.readline() == "ending: new requests are refused, and the accepted ones are finished\n"
        assert ready(port) == 503
        ask(port, picture, answers)
        begun = time.monotonic()
        half.sendall(picture[10:])
        received = b""
        while chunk := half.recv(1 << 16):
            received += chunk
        assert running.wait(10) == 0
        assert time.monotonic() - begun < 10
        out, err = running.communicate()
    assert [status for status, _ in answers] == [200, 503]
    assert answers[0][1]["predictions"][0]["category"] == "red"
    assert answers[1][1]["error"]["code"] == "ending"
    assert received.startswith(b"HTTP/1.1 200")
    assert b'"category":"red"' in received
    assert err == ""
    lines = [json.loads(line) for line in out.splitlines()]
    assert [(line["path"], line["status"]) for line in lines][:2] == [("/v2/health/ready", 200), ("/v1/predict", 200)]
    assert lines[1]["bytes"] == len(picture)
    assert lines[1]["pictures"] == 1


def test_the_service_goes_on_and_ends_where_nobody_reads_what_it_writes(colour_bundle):
    with process(colour_bundle) as (running, port):
        running.stdout.close()
        running.stderr.close()
        answers = []
        ask(port, coloured("red"), answers)
        ask(port, coloured("red"), answers)
        assert [status for status, _ in answers] == [200, 200]
        running.send_signal(signal.SIGTERM)
        running.wait(10)
        running.stdout = running.stderr = None  # closed already


def children(pid):
    """The worker processes of a process."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and "spawn_main" in (folder / "cmdline").read_text():
                found.append(int(folder.name))
    return found


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the workers are found in /proc")
def test_a_killed_worker_is_replaced_and_a_second_signal_does_not_wait(colour_bundle):
    with process(colour_bundle) as (running, port):
        (worker,) = children(running.pid)
        os.kill(worker, signal.SIGTERM)  # which may reach the whole group
        answers = []
        ask(port, coloured("blue"), answers)
        os.kill(worker, signal.SIGKILL)
        ask(port, coloured("blue"), answers)
        ask(port, coloured("blue"), answers)
        errors = [answer["predictions"][0]["error"] for _, answer in answers]
        assert errors == [None, "the worker died on this image (exit code -9)", None]
        half = socket.create_connection(("127.0.0.1", port), 20)
        half.sendall(b"POST /v1/predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 9\r\n\r\n")
        time.sleep(0.2)
        running.send_signal(signal.SIGINT)
        assert running.stderr.readline().startswith("ending:")
        begun = time.monotonic()
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == 0
        assert time.monotonic() - begun < 5
        half.close()
        assert children(running.pid) == []
