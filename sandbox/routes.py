"""Which function answers which operation of the API."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.books import Books, Json


@dataclass(frozen=True)
class Call:
    """One API request, ready to be answered: typed parameters and the ids from its path."""

    books: Books
    params: Json
    ids: dict[str, str]
    path: str

    @property
    def id(self) -> str:
        """The last id of the path."""
        return list(self.ids.values())[-1]


Answer = Callable[[Call], Json]
ANSWERS: dict[tuple[str, str], Answer] = {}


def operation(method: str, path: str) -> Callable[[Answer], Answer]:
    """Register the function below as the answer to a method and path of the spec."""

    def register(answer: Answer) -> Answer:
        ANSWERS[method, path] = answer
        return answer

    return register
