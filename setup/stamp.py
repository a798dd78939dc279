"""Remembers that one set-up step was finished with the same inputs; nothing else."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path


@dataclasses.dataclass(frozen=True, slots=True)
class Stamp:
    """A file that holds the digest of a step's inputs once the step is whole.

    It is cleared before the step begins and set after it ended, so a set-up that was
    cut off half way is noticed and done again.

    Parameters:
        path: where the digest is kept.
        inputs: files whose content decides what the step would do.
        salt: anything else that decides it.
    """

    path: Path
    inputs: tuple[Path, ...]
    salt: str = ""

    def digest(self) -> str:
        """The digest of the inputs as they are now, in hexadecimal."""
        digest = hashlib.sha256(f"{sys.version_info[:3]} {self.salt}\n".encode())
        for path in self.inputs:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()

    def fresh(self) -> bool:
        """Whether the step was finished with these very inputs."""
        try:
            return self.path.read_text(encoding="ascii").strip() == self.digest()
        except (OSError, UnicodeDecodeError):
            return False

    def clear(self) -> None:
        """Forgets the step; called before it begins."""
        self.path.unlink(missing_ok=True)

    def set(self) -> None:
        """Records the step as finished."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(f"{self.digest()}\n", encoding="ascii")
