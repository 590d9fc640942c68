"""The paths of the service, and its errors."""

import html
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response

from kdxf_runtime.service.answering import Question
from kdxf_runtime.service.failures import FailureResponse, RequestError
from kdxf_runtime.service.gate import Gate
from kdxf_runtime.service.open_inference import open_inference_routes
from kdxf_runtime.service.schemas import Failure, Model, Predicted
from kdxf_runtime.service.service import Service
from kdxf_runtime.service.static_page import page_files

_ABOUT = "Classifies pictures by what they show and by the text in them."
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "array", "items": {"type": "string", "format": "binary"}}},
                    "required": ["file"],
                }
            },
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The body has no picture, or is broken"},
    401: {"model": Failure, "description": "The token of the service is missing"},
    408: {"model": Failure, "description": "The body arrives too slowly"},
    413: {"model": Failure, "description": "Too many bytes, or too many pictures"},
    415: {"model": Failure, "description": "The body is of another type"},
    422: {"model": Failure, "description": "An option has a wrong value"},
    429: {"model": Failure, "description": "The queue is full; the header Retry-After says when to come again"},
    503: {"model": Failure, "description": "The service ends"},
    504: {"model": Failure, "description": "No answer in time"},
}
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_app(service: Service, token: str | None = None) -> Gate:
    """Make the application.

    Args:
        service: What answers.
        token: What requests must bear, but for those of the page and of the health checks; None lets all in.
    """
    # FastAPI's own documentation loads scripts from elsewhere.
    app = FastAPI(title=service.name, description=_ABOUT, version=service.digest[:12], docs_url=None, redoc_url=None)
    app.include_router(open_inference_routes(service))
    _add_own(app, service)
    _add_documents(app, service)
    page = page_files()
    for path, response in page.items():
        app.add_api_route(path, _fixed(response), methods=["GET"], include_in_schema=False)
    _add_errors(app)
    open_paths = [*page, "/v2/health/live", "/v2/health/ready"]
    return Gate(app, service.metrics, token, open_paths, 1024 * service.limits.header_kilobytes)


def _add_own(app: FastAPI, service: Service) -> None:
    @app.post("/v1/predict", responses={200: {"model": Predicted}, **_REFUSALS}, openapi_extra=_PICTURES)
    async def predict(
        request: Request,
        topk: int = Query(5, ge=1, description="how many classes are named"),
        text: bool = Query(True, description="0: without the text of the picture"),
        explain: bool = Query(False, description="1: say which lines and regions counted; takes many times as long"),
    ) -> JSONResponse:
        """Answer pictures."""
        service.check_room()
        with service.receiver.hold(request):
            uploads = await service.receiver.pictures(request)
            questions = [Question(upload.data, topk, text, explain) for upload in uploads]
            replies, seconds = await service.answer(request, questions)
        return JSONResponse(
            {
                "model": service.name,
                "bundle": service.digest,
                "request_id": request.state.request_id,
                "calibrated": service.is_calibrated[text],
                "predictions": [
                    {"name": upload.name, **reply.content} for upload, reply in zip(uploads, replies, strict=True)
                ],
                "milliseconds": {stage: round(1000 * value, 2) for stage, value in seconds.items()},
            }
        )

    @app.get("/v1/model", responses={200: {"model": Model}})
    async def model() -> JSONResponse:
        """Describe the model and what a request may have."""
        return JSONResponse(service.describe())


def _add_documents(app: FastAPI, service: Service) -> None:
    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Return the figures for Prometheus."""
        return Response(service.metrics.text(), headers={"Content-Type": _METRICS_TYPE})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        """List the paths, as a page that loads nothing."""
        return HTMLResponse(_list_of_paths(app.openapi()))


def _list_of_paths(description: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{method.upper()}<td><code>{html.escape(path)}</code><td>{html.escape(about.get('description', ''))}"
        for path, methods in description["paths"].items()
        for method, about in methods.items()
    ]
    title = html.escape(description["info"]["title"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>'
        f'<p>In full: <a href="openapi.json">openapi.json</a>.<table>{"".join(rows)}</table></html>'
    )


def _fixed(response: Response) -> Callable[[], Awaitable[Response]]:
    async def respond() -> Response:
        return response

    return respond


def _add_errors(app: FastAPI) -> None:
    """Give every error the one form."""

    @app.exception_handler(RequestError)
    async def refused(request: Request, error: RequestError) -> Response:
        return FailureResponse(error, request.state.request_id)

    @app.exception_handler(HTTPException)
    async def not_here(request: Request, error: HTTPException) -> Response:
        code = {404: "path", 405: "method"}.get(error.status_code, "http")
        message = {404: "there is nothing at this path; /docs lists all", 405: "this path takes another method"}.get(
            error.status_code, str(error.detail)
        )
        headers = dict(error.headers or {})
        return FailureResponse(RequestError(error.status_code, code, message, headers), request.state.request_id)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        message = f"{first['loc'][-1]}: {first['msg']}"
        return FailureResponse(RequestError(422, "option", message), request.state.request_id)

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        message = "the service has a fault; its log tells of it under this request_id"
        return FailureResponse(RequestError(500, "fault", message), request.state.request_id)
