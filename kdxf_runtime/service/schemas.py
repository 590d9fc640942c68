"""The JSON of the service, as its OpenAPI description shows it."""

from typing import Any

from pydantic import BaseModel, Field


class Top(BaseModel):
    """A class and its score."""

    id: int
    name: str
    score: float = Field(description="from 0 to 1")


class Line(BaseModel):
    """A line of text in a picture."""

    text: str
    score: float = Field(description="of the OCR, from 0 to 1")
    box: list[list[float]] = Field(description="four corners (x, y) in pixels, clockwise from the text's top-left one")


class Text(BaseModel):
    """The text of a picture, whose size is in pixels."""

    width: int
    height: int
    lines: list[Line]


class PicturePrediction(BaseModel):
    """The answer to one picture; where it has an error, the rest is that of a blank picture."""

    name: str | None = Field(description="last part of the file name")
    error: str | None = Field(description="why the picture could not be read")
    category_id: int
    category: str
    score: float
    top: list[Top] = Field(description="the best classes, best first")
    labels: list[str] | None = Field(description="of a multi-label model: the classes that it gives")
    set: list[str] | None = Field(description="with a calibration: the classes that it may be")
    decision: str | None = Field(
        description="accept or review; null where the service was not asked to decide, or cannot"
    )
    reason: str = Field(description="why not to accept")
    text: Text | None
    explanation: dict[str, Any] | None


class Milliseconds(BaseModel):
    """Where the time of a request went: the longest wait of a picture, and the sums over the pictures."""

    queue: float
    decode: float
    ocr: float
    model: float


class Predicted(BaseModel):
    """The answer of ``/v1/predict``."""

    model: str
    bundle: str = Field(description="digest of the bundle")
    request_id: str
    calibrated: bool = Field(description="whether of predictions with a score of 0.8 four of five are right")
    predictions: list[PicturePrediction]
    milliseconds: Milliseconds


class Category(BaseModel):
    """A class."""

    id: int
    name: str


class Bounds(BaseModel):
    """What a request may have at most."""

    bytes: int
    pictures: int
    pixels: int = Field(description="of a picture; a JPEG may have twice as many")
    queue: int
    seconds: float


class Model(BaseModel):
    """The answer of ``/v1/model``."""

    name: str
    bundle: str
    classes: list[Category]
    takes_text: bool
    calibrated: bool
    limits: Bounds
    views: int = Field(description="over how many views of a picture the scores are averaged")
    card: str = Field(description="the model card, Markdown")


class Tensor(BaseModel):
    """An input or output of the Open Inference Protocol."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


class InferRequest(BaseModel):
    """A request of the Open Inference Protocol: the input ``picture``, BYTES, base64 of the files of pictures."""

    id: str | None = None
    inputs: list[Tensor]


class InferResponse(BaseModel):
    """The outputs ``label``, ``score`` and ``scores``."""

    model_name: str
    model_version: str
    id: str | None
    outputs: list[Tensor]


class Reason(BaseModel):
    """What is wrong."""

    code: str = Field(description="in a word, for programs")
    message: str = Field(description="in a line, for people")


class Failure(BaseModel):
    """The form of every error."""

    error: Reason
    request_id: str
