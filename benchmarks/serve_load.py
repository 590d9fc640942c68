"""The service under load, beside a plain FastAPI + PyTorch handler as people write it.

    python benchmarks/serve_load.py BUNDLE [--clients 32] [--seconds 60] [--overload-seconds 30] [--requests 3000]

Everything runs on this machine: the offline runner over the bundle's samples, then a service of the bundle, to which
clients send these pictures over kept connections, then the plain handler under the same load. The handler decodes with
Pillow, reads text with RapidOCR, and runs torchvision's MobileNet V3 (large, random weights) in an ``async def``: what
it says means nothing, its time does.

====================  ================================================================================================
part                  what is done
====================  ================================================================================================
offline               the runner alone, as many processes as the service has workers
clients               each client sends the next picture as soon as it has its answer
overload              four times as many clients as fit into queue and workers; refused ones wait for a second
many                  a fixed number of requests without text; every label is compared with the runner's
hostile               bombs, cut off and wrong files, broken forms; the service must refuse them and answer afterwards
====================  ================================================================================================

Measured with ``BUNDLE --seconds 60 --overload-seconds 120`` on two Xeon cores with little beside it (first two lines),
with a job of one or two processes beside it (the next two), and with ``--seconds 45 --overload-seconds 30 --requests
2000`` at a load of 5 to 8 (the rest). The bundle is that of the demo: 12 classes, pictures of 240 x 300 px, 2 workers.

======================================  ==============================================================================
offline                                 6.63 pictures/s; without text 152.13
32 clients                              6.26 answers/s, 94 % of offline
overload, 264 clients, 120 s            4.65 answers/s; 429 in 2 ms (median), 98 ms (99 %); no 5xx
overload without text, the same         49.74 answers/s; 429 in 4 ms (median), 136 ms (99 %); no 5xx; 921 -> 904 MiB
plain handler, 32 clients               0.41 answers/s, median 66 s, where the service gave 2.21
2000 requests without text, 32 clients  29.89 answers/s, 96 % of offline; the plain handler gave 24.90
other labels than the runner's          none, of 11030 answers
======================================  ==============================================================================

The bomb, the cut off picture and the text got 200 with the picture's error, the others 400, 408, 413, 415 or 431. The
slow 429s may be those of waves: all refused clients come again at the same moment. 100,000 requests were begun and not
finished.

``BUNDLE --ways`` compares batches, threads and processes instead. On the same busy cores (load 6), in pictures/s:

============  ============  ============  ============  =========  ===========
..            batches of 1  batches of 4  batches of 8  2 threads  2 processes
============  ============  ============  ============  =========  ===========
without text         45.62         47.67         50.32      51.00        78.71
with text             2.29          3.01          2.43       2.45         2.09
============  ============  ============  ============  =========  ===========

An earlier run had 2.28, 2.03 and 1.22 for the batches with text, so these differences are those of the machine.
"""

import argparse
import asyncio
import contextlib
import io
import itertools
import json
import math
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from kdxf_runtime.bundle import Bundle
from kdxf_runtime.io.machine import available_cores
from kdxf_runtime.ocr.record import OCRRecord
from kdxf_runtime.runner import Picture, Runner
from kdxf_runtime.service.answering import Answerer, Blame, Question, Settings, categories_of, start_answerer
from kdxf_runtime.service.pool import Pool

_REFUSED_PAUSE = 1.0  # seconds, as Retry-After asks for


@dataclass
class Load:
    """What clients saw.

    Attributes:
        statuses: How often each status came.
        seconds: The time of each answer, by status.
        wrong: Answers whose label is not the runner's.
        span: The time of all.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: dict[int, list[float]] = field(default_factory=dict)
    wrong: int = 0
    span: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count an answer."""
        self.statuses[status] += 1
        self.seconds.setdefault(status, []).append(seconds)

    def __str__(self) -> str:
        """Return a line for the table."""
        words = []
        for status, times in sorted(self.seconds.items()):
            median, late = (1000 * float(np.quantile(times, share)) for share in (0.5, 0.99))
            words.append(f"{status} x {len(times)} (median {median:.0f} ms, 99 % {late:.0f} ms)")
        return f"{self.statuses[200] / self.span:.2f} answers/s; {', '.join(words)}; {self.wrong} other labels"


def request(path: str, body: bytes, kind: str = "image/jpeg") -> bytes:
    """Return a request with a body."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def form_request(path: str, data: bytes, name: str = "a.jpg") -> bytes:
    """Return a request with a picture as a part of a form."""
    head = f'--cut\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return request(path, head.encode() + data + b"\r\n--cut--\r\n", "multipart/form-data; boundary=cut")


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Return the status and the body of an answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return int(head.split()[1]), await reader.readexactly(length)


async def press(
    port: int,
    requests: Sequence[bytes],
    labels: Sequence[int] | None,
    clients: int,
    seconds: float = math.inf,
    most: int | None = None,
) -> Load:
    """Send requests with so many clients, for so long, or so many; sockets alone, as the clients need the same cores.

    Args:
        port: Of the server.
        requests: Sent in turn.
        labels: The category of each; None does not compare.
        clients: How many send at a time, each over one connection.
        seconds: No request is begun later.
        most: The number of requests; None for as many as the time allows.
    """
    load, numbers, begun = Load(), iter(range(most or sys.maxsize)), time.monotonic()

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            if time.monotonic() - begun > seconds:
                break
            start = time.monotonic()
            writer.write(requests[number % len(requests)])
            status, body = await read_answer(reader)
            load.add(status, time.monotonic() - start)
            if status == 429:
                await asyncio.sleep(_REFUSED_PAUSE)
            elif labels is not None and status == 200:
                (found,) = json.loads(body)["predictions"]
                load.wrong += found["category_id"] != labels[number % len(requests)] or found["error"] is not None
        writer.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    load.span = time.monotonic() - begun
    return load


def offline(
    bundle: Bundle,
    pictures: Sequence[bytes],
    workers: int,
    seconds: float,
    start: Callable[..., Answerer] = start_answerer,
    *,
    text: bool,
) -> tuple[list[int], float]:
    """Return the runner's labels, and pictures per second of ``workers`` processes, nice as those of the service."""
    make = partial(start, bundle, Settings())
    pool = Pool(make, Blame(categories_of(bundle)), workers, 10_000, 600)
    try:
        questions = [Question(data, with_text=text) for data in pictures]
        labels = [future.result()[1].content["category_id"] for future in pool.offer(questions)]
        begun, done = time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            done += len([future.result() for future in pool.offer(questions * 4)])
        return labels, done / (time.monotonic() - begun)
    finally:
        pool.close()


@contextlib.contextmanager
def started(command: Sequence[str], sign: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a server until the block ends; give its process, and its port as soon as ``sign`` was printed."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.PIPE, text=True)
        try:
            lines: list[str] = []
            while sign not in "".join(lines):
                line = process.stderr.readline()  # type: ignore[union-attr]
                if not line:
                    raise RuntimeError(f"the server ended: {''.join(lines)}")
                lines.append(line)
            threading.Thread(target=process.stderr.read, daemon=True).start()  # type: ignore[union-attr]
            address = next(word for word in "".join(lines).split() if word.startswith("http://"))
            yield process, int(address.rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(20)


def memory(process: subprocess.Popen[str]) -> float:
    """Return the memory of a process and of those that it started, in MiB (shared pages count in each)."""
    children = subprocess.run(
        ["ps", "-o", "rss=", "--pid", str(process.pid), "--ppid", str(process.pid)], capture_output=True, text=True
    )
    return sum(map(int, children.stdout.split())) / 1024


def hostile(port: int) -> dict[str, str]:
    """Send what nobody should; return the status and the error of each."""
    bomb = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(bomb, "PNG")
    whole = cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes()
    path = "/v1/predict"
    start = request(path, b"").replace(b"Content-Length: 0", b"Content-Length: 5000000000")
    chunked = request(path, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    cases: dict[str, Iterable[bytes]] = {
        "bomb": [request(path, bomb.getvalue())],
        "cut off picture": [request(path, whole[:200])],
        "text as a picture": [request(path, b"hello")],
        "wrong type": [request(path, b"{}", "application/json")],
        "broken form": [request(path, b"--x", "multipart/form-data; boundary=cut")],
        "path as a name": [form_request(path, whole, "../../x")],
        "announced 5 GB": [start],
        "endless": itertools.chain([chunked], itertools.repeat(b"10000\r\n" + bytes(1 << 16) + b"\r\n")),
        "long header": [request(path, whole).replace(b"Host:", b"X-Long: " + b"x" * 100_000 + b"\r\nHost:")],
        "no HTTP": [b"\x16\x03\x01\x02\x00" * 20 + b"\r\n\r\n"],
        "slow sender": [request(path, whole)[:-10]],
    }
    return {name: asyncio.run(send_raw(port, pieces)) for name, pieces in cases.items()}


async def send_raw(port: int, pieces: Iterable[bytes]) -> str:
    """Send bytes until there is an answer, and return its status and error."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = asyncio.ensure_future(read_answer(reader))
    for piece in pieces:
        if answer.done():
            break
        with contextlib.suppress(ConnectionError):
            writer.write(piece)
            await writer.drain()
        await asyncio.sleep(0)
    try:
        status, body = await asyncio.wait_for(answer, 60)
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
        return type(error).__name__
    finally:
        writer.close()
    content = json.loads(body)
    error = content["error"]["code"] if "error" in content else content["predictions"][0]["error"]
    return f"{status} {error}"


_HANDLER = """
import io, sys
import numpy as np, torch, torchvision, uvicorn
from fastapi import FastAPI, File, UploadFile
from PIL import Image
from rapidocr import RapidOCR
app = FastAPI()
model = torchvision.models.mobilenet_v3_large(num_classes=int(sys.argv[2])).eval()
ocr = RapidOCR(params={"Global.log_level": "error"})
prepare = torchvision.transforms.Compose([
    torchvision.transforms.Resize(256), torchvision.transforms.CenterCrop(224), torchvision.transforms.ToTensor()])

@app.post("/predict")
async def predict(file: UploadFile = File(...), text: int = 1):
    image = Image.open(io.BytesIO(await file.read())).convert("RGB")
    lines = ocr(np.asarray(image)[..., ::-1]).txts if text else None
    with torch.no_grad():
        scores = model(prepare(image)[None]).softmax(1)[0]
    return {"category_id": int(scores.argmax()), "text": lines}

uvicorn.run(app, port=int(sys.argv[1]), access_log=False)
"""


def _ask(runner: Runner, pictures: Sequence[bytes], count: int, batch: int, *, text: bool) -> None:
    """Have a runner answer ``count`` pictures in batches."""
    given = None if text else OCRRecord.empty("picture")
    for start in range(0, count, batch):
        runner.answer([Picture("picture", pictures[(start + i) % len(pictures)], given) for i in range(batch)])


def print_ways(bundle: Bundle, pictures: Sequence[bytes], workers: int) -> None:
    """Print pictures per second of batches in one thread, and of threads; :func:`offline` has those of processes."""
    runners = [Runner(bundle) for _ in range(workers)]
    for runner in runners:
        _ask(runner, pictures, 2, 1, text=True)
    for text, count in ((False, 192), (True, 48)):
        words = "with text" if text else "without text"
        for batch in (1, 4, 8):
            begun = time.monotonic()
            _ask(runners[0], pictures, count, batch, text=text)
            print(
                f"{words}, 1 thread, batches of {batch}: {count / (time.monotonic() - begun):.2f} pictures/s",
                flush=True,
            )
        threads = [
            threading.Thread(target=_ask, args=(runner, pictures, count, 1), kwargs={"text": text})
            for runner in runners
        ]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(f"{words}, {workers} threads: {workers * count / (time.monotonic() - begun):.2f} pictures/s", flush=True)
        _, rate = offline(bundle, pictures, workers, 10, Answerer, text=text)
        print(f"{words}, {workers} processes: {rate:.2f} pictures/s", flush=True)


def main() -> None:
    """Run the parts and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--overload-seconds", type=float, default=30)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=available_cores())
    parser.add_argument("--port", type=int, default=8790, help="of the plain handler")
    parser.add_argument("--ways", action="store_true", help="compare batches, threads and processes instead")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = Bundle.open(args.bundle)
    samples = bundle.folder / "samples"
    pictures = [path.read_bytes() for path in sorted(samples.glob("*.jpg"))]
    if args.ways:
        print_ways(bundle, pictures, args.workers)
        return
    labels, rate = offline(bundle, pictures, args.workers, args.seconds, text=True)
    print(f"offline, {args.workers} processes: {rate:.2f} pictures/s", flush=True)
    plain_labels, plain_rate = offline(bundle, pictures, args.workers, args.seconds / 4, text=False)
    print(f"offline without text: {plain_rate:.2f} pictures/s", flush=True)
    queue = 64
    command = [sys.executable, "-m", "kdxf_runtime.service", str(args.bundle), "--port", "0", "--queue", str(queue)]
    path, alone = "/v1/predict", "/v1/predict?text=0"
    with_text, without = ([request(place, data) for data in pictures] for place in (path, alone))
    with started([*command, "--workers", str(args.workers)], "answers at") as (process, port):
        load = asyncio.run(press(port, with_text, labels, args.clients, args.seconds))
        print(f"{args.clients} clients, {args.seconds:g} s: {load}", flush=True)
        print(f"  {load.statuses[200] / load.span / rate:.0%} of offline", flush=True)
        before, flood = memory(process), 4 * (queue + args.workers)
        load = asyncio.run(press(port, with_text, labels, flood, args.overload_seconds))
        print(f"overload, {flood} clients, {args.overload_seconds:g} s: {load}", flush=True)
        load = asyncio.run(press(port, without, plain_labels, flood, args.overload_seconds))
        print(f"overload without text, {flood} clients, {args.overload_seconds:g} s: {load}", flush=True)
        print(f"  memory {before:.0f} MiB before, {memory(process):.0f} MiB after", flush=True)
        load = asyncio.run(press(port, without, plain_labels, args.clients, most=args.requests))
        print(f"{args.requests} requests without text, {args.clients} clients: {load}", flush=True)
        share = load.statuses[200] / load.span / plain_rate
        print(f"  {share:.0%} of offline; memory {memory(process):.0f} MiB", flush=True)
        for name, found in hostile(port).items():
            print(f"hostile, {name}: {found}", flush=True)
        load = asyncio.run(press(port, with_text, labels, 1, most=len(pictures)))
        print(f"after that, 1 client: {load}; memory {memory(process):.0f} MiB", flush=True)
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(_HANDLER)
        file.flush()
        plain = [sys.executable, file.name, str(args.port), str(len(bundle.manifest.classes))]
        with started(plain, "Uvicorn running on") as (process, port):
            forms = [form_request("/predict", data) for data in pictures]
            load = asyncio.run(press(port, forms, None, args.clients, args.seconds))
            print(f"plain handler, {args.clients} clients: {load}; memory {memory(process):.0f} MiB", flush=True)
            forms = [form_request("/predict?text=0", data) for data in pictures]
            load = asyncio.run(press(port, forms, None, args.clients, args.seconds / 4))
            print(f"plain handler without text: {load}", flush=True)


if __name__ == "__main__":
    main()
