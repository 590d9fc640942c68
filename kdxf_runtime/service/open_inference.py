"""The Open Inference Protocol, version 2, which KServe, Triton and others speak: a picture in, label and scores out.

https://github.com/kserve/open-inference-protocol
"""

import base64
import binascii
import json
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import JSONResponse

from kdxf_runtime.service.answering import Question
from kdxf_runtime.service.failures import RequestError
from kdxf_runtime.service.schemas import InferRequest, InferResponse
from kdxf_runtime.service.service import Service, ending

_INPUT = "picture"


def open_inference_routes(service: Service) -> APIRouter:
    """Make the paths below ``/v2``."""
    routes = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    @routes.get("/health/live")
    async def live() -> JSONResponse:
        """Say that the process answers."""
        return JSONResponse({"live": True})

    @routes.get("/health/ready")
    async def ready() -> JSONResponse:
        """Say that pictures are taken; 503 when the service was asked to end."""
        if service.is_ending:
            raise ending()
        return JSONResponse({"ready": True})

    @routes.get("")
    async def server() -> JSONResponse:
        """Describe the server."""
        return JSONResponse({"name": "kdxf", "version": service.digest, "extensions": []})

    @routes.get("/models/{name}")
    async def model(name: str) -> JSONResponse:
        """Describe the model."""
        _check_name(service, name)
        return JSONResponse(
            {
                "name": service.name,
                "versions": [service.digest],
                "platform": "kdxf_bundle",
                "inputs": [{"name": _INPUT, "datatype": "BYTES", "shape": [-1]}],
                "outputs": [
                    {"name": "label", "datatype": "BYTES", "shape": [-1]},
                    {"name": "score", "datatype": "FP32", "shape": [-1]},
                    {"name": "scores", "datatype": "FP32", "shape": [-1, len(service.categories)]},
                ],
            }
        )

    @routes.get("/models/{name}/ready")
    async def model_ready(name: str) -> JSONResponse:
        """Say that the model takes pictures."""
        _check_name(service, name)
        if service.is_ending:
            raise ending()
        return JSONResponse({"name": service.name, "ready": True})

    @routes.post(
        "/models/{name}/infer",
        responses={200: {"model": InferResponse}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": InferRequest.model_json_schema()}},
            }
        },
    )
    async def infer(request: Request, name: str) -> JSONResponse:
        """Answer pictures. One that cannot be read refuses the request: the outputs have no place for its error."""
        _check_name(service, name)
        service.check_room()
        with service.receiver.hold(request):
            asked, pictures = _pictures(await service.receiver.whole(request), service.limits.pictures)
            replies, _ = await service.answer(request, [Question(data, topk=1) for data in pictures])
        for index, reply in enumerate(replies):
            if reply.content["error"] is not None:
                raise RequestError(400, "picture", f"picture {index}: {reply.content['error']}")
        count, classes = len(replies), len(service.categories)
        return JSONResponse(
            {
                "model_name": service.name,
                "model_version": service.digest,
                "id": asked,
                "outputs": [
                    _tensor("label", "BYTES", [count], [reply.content["category"] for reply in replies]),
                    _tensor("score", "FP32", [count], [reply.content["score"] for reply in replies]),
                    _tensor(
                        "scores",
                        "FP32",
                        [count, classes],
                        [score for reply in replies for score in reply.scores.tolist()],
                    ),
                ],
            }
        )

    return routes


def _check_name(service: Service, name: str) -> None:
    if name != service.name:
        raise RequestError(404, "model", f"there is no such model here; there is {service.name}")


def _tensor(name: str, datatype: str, shape: list[int], data: list[Any]) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _pictures(body: bytes, most: int) -> tuple[str | None, list[bytes]]:
    """Return the id and the pictures of a request.

    Raises:
        RequestError: It is no JSON of the protocol (400), or has too many pictures (413).
    """
    try:
        asked = InferRequest.model_validate(json.loads(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise RequestError(400, "json", f"the body is no request of the protocol: {where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(400, "json", "the body is no JSON") from error
    if len(asked.inputs) != 1 or asked.inputs[0].name != _INPUT or asked.inputs[0].datatype != "BYTES":
        raise RequestError(400, "inputs", f"give one input, {_INPUT!r} with the datatype BYTES")
    data, shape = asked.inputs[0].data, asked.inputs[0].shape
    if not data or shape not in ([len(data)], [len(data), 1]):
        raise RequestError(
            400, "inputs", f"{_INPUT} has the shape {shape} and {len(data)} pictures; give [{len(data)}]"
        )
    if len(data) > most:
        message = f"the request has {len(data)} pictures, and at most {most} are taken; send fewer at a time"
        raise RequestError(413, "too_many_pictures", message)
    try:
        return asked.id, [base64.b64decode(item, validate=True) for item in data]
    except (TypeError, ValueError, binascii.Error) as error:
        raise RequestError(400, "inputs", f"{_INPUT} is not base64") from error
