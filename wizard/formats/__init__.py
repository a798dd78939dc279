"""Sets single keys in settings files of other programs, as splices on their text; pure.

Every byte outside our keys stays: comments, order, blanks, line ends, a byte order
mark. It must not open files and must not write a text that it has not read again.
"""

from wizard.formats.terms import (
    ABSENT,
    Absent,
    Broken,
    Edit,
    Format,
    Item,
    Json,
    KeyPath,
    Refused,
)

__all__ = [
    "ABSENT",
    "Absent",
    "Broken",
    "Edit",
    "Format",
    "Item",
    "Json",
    "KeyPath",
    "Refused",
]
