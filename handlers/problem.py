"""How a request that is refused as a whole is answered, for the description of every route."""

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """A sentence that says what was wrong with the whole request."""

    error: str


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "No key, or one that is unknown or revoked"},
    403: {"model": Problem, "description": "The key lacks the scope"},
}
