import asyncio
import contextlib
import tempfile

import pytest
from starlette.requests import Request

from kdxf_runtime.service.body import Receiver, Upload
from kdxf_runtime.service.failures import RequestError
from kdxf_runtime.service.limits import Limits

LIMITS = Limits(megabytes=0.25, pictures=2, body_seconds=0.2)


def request(*chunks, pause=0.0, **headers):
    """A request whose body comes in these pieces, and never ends after the last one that is ``...``."""
    left = list(chunks)

    async def receive():
        await asyncio.sleep(pause)
        if left and left[0] is ...:
            await asyncio.sleep(60)
        if left and left[0] == "gone":
            return {"type": "http.disconnect"}
        chunk = left.pop(0) if left else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    named = [(name.replace("_", "-").encode(), str(value).encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": named}, receive)


def parts(*files, boundary="cut", end="--"):
    lines = b""
    for disposition, data in files:
        lines += f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + data + b"\r\n"
    return lines + f"--{boundary}{end}\r\n".encode()


FORM = "multipart/form-data; boundary=cut"


def pictures(request, limits=LIMITS):
    return asyncio.run(Receiver(limits).pictures(request))


def refused(request, limits=LIMITS):
    with pytest.raises(RequestError) as caught:
        pictures(request, limits)
    return caught.value.status, caught.value.code, caught.value.message


def test_a_picture_is_the_whole_body():
    for kind in ("image/png", "IMAGE/JPEG; q=1", "application/octet-stream"):
        assert pictures(request(b"ab", b"c", content_type=kind)) == [Upload(None, b"abc")]


def test_pictures_are_parts_called_file():
    body = parts(('name="file"; filename="a.jpg"', b"one"), ('name="file"; filename=""', b"two"))
    assert pictures(request(body[:30], body[30:], content_type=FORM)) == [Upload("a.jpg", b"one"), Upload(None, b"two")]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\pictures\\\\茶.jpg", "茶.jpg"),
        ("pictures\\\\茶.jpg", "茶.jpg"),
        ("..", ".."),
        ("/", None),
        ("a\tb\u202e.jpg", "ab.jpg"),
        ("x" * 300, "x" * 255),
    ],
)
def test_of_a_path_the_last_part_is_kept(given, kept):
    body = parts((f'name="file"; filename="{given}"', b"one"))
    (upload,) = pictures(request(body, content_type=FORM))
    assert upload.name == kept


def test_nothing_is_written_to_disk(monkeypatch):
    def roll(*_):
        raise AssertionError("a file was written")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", roll)
    data = bytes(3 << 20)
    body = parts(('name="file"; filename="a.jpg"', data))
    (upload,) = pictures(request(body, content_type=FORM), Limits())
    assert upload.data == data


def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_is_received():
    receiver = Receiver(LIMITS)
    refused = pytest.raises(RequestError, match=r"^the body is larger than 0.25 MiB; send fewer pictures at a time, or")
    with refused, receiver.hold(request(content_length=262145)):
        pass
    with receiver.hold(request(content_length=262144)):
        pass


@pytest.mark.parametrize("kind", ["image/png", FORM])
def test_a_body_that_does_not_say_so_is_refused_while_it_is_received(kind):
    start = parts(('name="file"; filename="a.jpg"', b""))[:-11]
    endless = request(start, *[bytes(100_000)] * 3, ..., content_type=kind)
    assert refused(endless)[:2] == (413, "too_large")


def test_bodies_share_a_bounded_memory():
    receiver = Receiver(LIMITS)
    with contextlib.ExitStack() as held:
        held.enter_context(receiver.hold(request()))  # of unknown size: as much as it may have
        for _ in range(6):
            held.enter_context(receiver.hold(request(content_length=262144)))
        with receiver.hold(request(content_length=262144)):
            with pytest.raises(RequestError, match=r"^the requests at hand fill the memory that they may have") as full:
                held.enter_context(receiver.hold(request(content_length=1)))
            assert full.value.status == 429
        held.enter_context(receiver.hold(request(content_length=1)))


def test_a_slow_sender_is_refused():
    slow = (408, "slow", "the request took longer than 0.2 s to arrive; send it faster")
    assert refused(request(b"a", ..., content_type="image/png")) == slow
    assert refused(request(*[b"a"] * 50, pause=0.01, content_type="image/png")) == slow
    assert refused(request(b"--cut\r\n", ..., content_type=FORM)) == slow


def test_a_client_that_goes_while_it_sends():
    assert refused(request(b"a", "gone", content_type="image/png"))[:2] == (499, "gone")


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "", "multipart/mixed"])
def test_other_types_are_refused(kind):
    assert refused(request(b"abc", content_type=kind))[:2] == (415, "content_type")


def test_no_picture_is_refused():
    assert refused(request(content_type="image/png")) == (400, "no_picture", "the body is empty; send a picture")
    body = parts()
    message = "the body has no part called file; send a picture"
    assert refused(request(body, content_type=FORM)) == (400, "no_picture", message)


def test_other_parts_are_refused():
    message = "a part is not called file, or has no file name; send pictures, and options in the address"
    for disposition in ('name="image"; filename="a.jpg"', 'name="file"'):
        assert refused(request(parts((disposition, b"one")), content_type=FORM)) == (400, "multipart", message)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (parts(('name="file"; filename="a.jpg"', b"one"), end=""), FORM),  # cut off
        (b"\x00\x01\x02", FORM),
        (parts(("x=y", b"one")), FORM),
        (b"abc", "multipart/form-data"),
    ],
)
def test_a_broken_form_is_refused(body, kind):
    status, code, message = refused(request(body, content_type=kind))
    assert (status, code) == (400, "multipart")
    assert message.startswith("the body is no whole multipart/form-data: ")


def test_too_many_pictures_are_refused_before_the_last_is_received():
    part = ('name="file"; filename="a.jpg"', b"one")
    endless = request(parts(part, part, part), ..., content_type=FORM)
    message = "the request has more than 2 pictures; send fewer at a time"
    assert refused(endless) == (413, "too_many_pictures", message)
    assert len(pictures(request(parts(part, part), content_type=FORM))) == 2
