import asyncio
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from service_fixtures import DirectPool, coloured

from kdxf_runtime.drift.fingerprint import Fingerprint, fingerprint_to_json
from kdxf_runtime.service.answering import Answerer, Question, Settings, categories_of
from kdxf_runtime.service.failures import RequestError
from kdxf_runtime.service.limits import Limits
from kdxf_runtime.service.service import Service


class Client:
    """Stays, or goes at once."""

    def __init__(self, goes=False):
        self.goes = goes
        self.state = SimpleNamespace()

    async def receive(self):
        await asyncio.sleep(0 if self.goes else 60)
        return {"type": "http.disconnect"}


def reply(question):
    seconds = {"decode": 0.5, "model": 1.0}
    return SimpleNamespace(content={"error": None}, seconds=seconds, measured=None, data=question.data)


def answer(service, count=1, client=None):
    return asyncio.run(service.answer(client or Client(), [Question(bytes([number])) for number in range(count)]))


def refused(service, *arguments):
    with pytest.raises(RequestError) as caught:
        answer(service, *arguments)
    return caught.value.status, caught.value.code, caught.value.message


def test_replies_come_in_order_with_the_sums_of_their_stages(make_service):
    service, _ = make_service(reply)
    replies, seconds = answer(service, 3)
    assert [one.data for one in replies] == [b"\0", b"\1", b"\2"]
    assert seconds == {"queue": 0.75, "decode": 1.5, "ocr": 0.0, "model": 3.0}
    found = service.metrics.text().decode()
    assert "kdxf_picture_errors_total 0.0" in found
    assert 'kdxf_stage_seconds_count{stage="queue"} 3.0' in found
    assert "kdxf_request_pictures_sum 3.0" in found


def test_no_answer_in_time(make_service):
    service, pool = make_service(reply, seconds=0.05)
    pool.held = []
    message = "there was no answer within 0.05 s; send fewer pictures at a time, or later"
    assert refused(service, 2) == (504, "timeout", message)
    assert [future.cancelled() for future in pool.held] == [True, True]


def test_questions_of_a_client_that_has_gone_leave_the_queue(make_service):
    service, pool = make_service(reply)
    pool.held = []
    assert refused(service, 1, Client(goes=True)) == (499, "gone", "the client has gone")
    assert pool.held[0].cancelled()


def test_a_full_queue(make_service):
    service, pool = make_service(reply, queue=4, pictures=4)
    pool.held = []
    assert refused(service, 5)[:2] == (429, "busy")
    service.check_room()
    pool.offer([None] * 4)
    with pytest.raises(RequestError, match="^4 pictures wait already; try again after 1 s$"):
        service.check_room()
    pool.wait = 12.4
    with pytest.raises(RequestError, match="^4 pictures wait already; try again after 7 s$") as refusal:
        service.check_room()
    assert refusal.value.headers == {"Retry-After": "7"}


def test_a_service_that_ends(make_service):
    service, pool = make_service(reply)
    pool.close()
    assert refused(service) == (503, "ending", "the service ends; ask another one")
    service.check_room()
    service.is_ending = True
    with pytest.raises(RequestError, match="^the service ends; ask another one$"):
        service.check_room()


def test_questions_that_wait_when_the_service_ends(make_service):
    service, pool = make_service(reply)
    pool.held = []

    async def both():
        asked = asyncio.ensure_future(service.answer(Client(), [Question(b"")]))
        await asyncio.sleep(0.01)
        pool.close()
        return await asked

    with pytest.raises(RequestError, match="^the service ends"):
        asyncio.run(both())


def test_what_the_service_says_of_itself(make_service, colour_bundle):
    service, _ = make_service(reply, megabytes=1, pictures=2, queue=3, seconds=4)
    assert service.describe() == {
        "name": "colours",
        "bundle": colour_bundle.digest,
        "classes": [{"id": 0, "name": "blue"}, {"id": 1, "name": "green"}, {"id": 2, "name": "red"}],
        "takes_text": False,
        "calibrated": False,
        "limits": {"bytes": 1048576, "pictures": 2, "pixels": 67108864, "queue": 3, "seconds": 4},
        "views": 1,
        "card": "# Colours\n",
    }


@pytest.mark.parametrize(("tta", "views"), [(True, 2), (False, 1)])
def test_views_count_with_tta(make_service, colour_bundle, tta, views):
    from kdxf_runtime.service.answering import Settings
    from kdxf_runtime.service.service import Service

    made, pool = make_service(reply)
    manifest = replace(colour_bundle.manifest, views=(colour_bundle.manifest.steps,) * 2, engine={"type": "x"})
    bundle = replace(colour_bundle, manifest=manifest)
    described = Service(bundle, made.categories, Settings(tta), made.limits, pool).describe()
    assert (described["views"], described["takes_text"]) == (views, True)
    assert not Service(bundle, made.categories, Settings(read_text="never"), made.limits, pool).describe()["takes_text"]


def test_what_was_answered_is_watched_for_drift(colour_bundle):
    content = fingerprint_to_json(Fingerprint(60, {}, {"brightness": np.arange(60.0)}))
    bundle = replace(colour_bundle, manifest=replace(colour_bundle.manifest, fingerprint=content))
    answerer = Answerer(bundle, Settings())
    pool = DirectPool(lambda question: answerer(Question(coloured("red"))))
    service = Service(bundle, categories_of(bundle), Settings(), Limits(), pool)
    answer(service, 30)
    found = service.metrics.text().decode()
    assert "kdxf_drift 1.0" in found and 'kdxf_drift_distance{statistic="brightness"}' in found
