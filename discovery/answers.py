"""What one address answered on which paths; values only, nothing here asks anything.

It must not judge who answers: `discovery.fingerprints` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import msgspec

_T = TypeVar("_T")
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer.

    `kind` is its content type in small letters without parameters, `server` what the
    header of that name says, '' where it is absent.
    """

    status: int
    kind: str = ""
    body: bytes = field(default=b"", repr=False)
    server: str = ""

    @property
    def ok(self) -> bool:
        """Whether the server says that this is what was asked for."""
        return self.status == _OK

    @property
    def is_json(self) -> bool:
        """Whether the answer calls itself JSON."""
        return self.kind == "application/json" or self.kind.endswith("+json")

    @property
    def text(self) -> str:
        """The body as text; bytes that are none are replaced."""
        return self.body.decode("utf-8", "replace")


class Answers:
    """Answers by path. A path that is not here was not asked or not answered in time.

    `named` says that the user gave this very address.
    """

    __slots__ = ("_by_path", "named")

    def __init__(self, by_path: Mapping[str, Answer], *, named: bool = False) -> None:
        """Keep what was collected; see the class."""
        self._by_path = by_path
        self.named = named

    def has(self, *paths: str) -> bool:
        """Say whether every path was answered, whatever the answer was."""
        return all(path in self._by_path for path in paths)

    def at(self, path: str) -> Answer | None:
        """Return the answer at `path`, None where there is none."""
        return self._by_path.get(path)

    def status(self, path: str) -> int:
        """Return the status at `path`, 0 where there is no answer."""
        answer = self._by_path.get(path)
        return answer.status if answer else 0

    def body(self, path: str) -> bytes:
        """Return the body of a good JSON answer at `path`, else b''."""
        answer = self._by_path.get(path)
        return answer.body if answer and answer.ok and answer.is_json else b""

    def read(self, path: str, shape: type[_T], *, status: int = _OK) -> _T | None:
        """Return what JSON of `status` at `path` says, None where it is no such thing.

        Only what calls itself JSON is read.
        """
        answer = self._by_path.get(path)
        if answer is None or answer.status != status or not answer.is_json:
            return None
        return decoded(answer.body, shape)


def decoded(body: bytes, shape: type[_T]) -> _T | None:
    """Return JSON as `shape`, None where it is something else."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
