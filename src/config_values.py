"""The types of configuration values, with their checks."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from src.description.traits import check_input_size


def _number_or_all(value: Any) -> str:
    text = str(value)
    if text != "all" and not text.isdecimal():
        raise ValueError("must be 'all' or a number >= 0")
    return text


def _true_or_false(value: Any) -> Any:
    if not isinstance(value, bool) and str(value).isdecimal():  # pydantic would accept 1 and 0
        raise ValueError("must be True or False")
    return value


def _three_parts(value: str) -> str:
    parts = value.split(":")
    if len(parts) != 3 or not all(part.strip().isdecimal() for part in parts):
        raise ValueError("must be three whole numbers, train:eval:test, such as '6:2:2'")
    if int(parts[0]) == 0:
        raise ValueError("must leave something to train on: the first part cannot be 0")
    return value


ANY = "any"  # in place of a size


def parse_size(text: str) -> tuple[int, int]:
    """Width and height of a text such as 1920x1088."""
    width, _, height = text.partition("x")
    return int(width), int(height)


def _width_and_height(value: str) -> str:
    if value == ANY:
        return value
    width, cross, height = value.partition("x")
    if not (cross and width.isdecimal() and height.isdecimal()):
        raise ValueError(f"must be WIDTHxHEIGHT, such as 1920x1088, or {ANY}")
    if any(side < 32 or side % 4 for side in parse_size(value)):
        raise ValueError("both sides must be multiples of 4, 32 or more")
    return value


Switch = Annotated[bool, BeforeValidator(_true_or_false)]
Natural = Annotated[int, Field(ge=0)]
ChannelMean = Annotated[float, Field(ge=0, le=255)]
Positive = Annotated[int, Field(ge=1)]
ImageSize = Annotated[Positive, AfterValidator(check_input_size)]
ModnetImageSize = Annotated[Positive, AfterValidator(lambda size: check_input_size(size, "modnet"))]
PspnetImageSize = Annotated[Positive, AfterValidator(lambda size: check_input_size(size, "pspnet"))]
# "auto", which is None in Python, stands for the model's own size.
OwnOrImageSize = Annotated[
    ImageSize | None,
    BeforeValidator(lambda value: None if value == "auto" else value),
    PlainSerializer(lambda value: value or "auto"),
]
WidthAndHeight = Annotated[str, AfterValidator(_width_and_height)]
# "auto", which is None in Python, stands for that of the size.
OwnOrScale = Annotated[
    Annotated[float, Field(gt=0, le=0.5)] | None,
    BeforeValidator(lambda value: None if value == "auto" else value),
    PlainSerializer(lambda value: value or "auto"),
]
LearningRate = Annotated[float, Field(gt=0, lt=10)]
CheckpointCount = Annotated[str, BeforeValidator(_number_or_all)]
Proportion = Annotated[str, AfterValidator(_three_parts)]
