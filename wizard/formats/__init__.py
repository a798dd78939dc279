"""Sets single keys in settings files of other programs, as splices on their text; pure.

Every byte outside our keys stays: comments, order, blanks, line ends, a byte order
mark. It must not open files and must not write a text that it has not read again.
"""

from wizard.formats.editing import parsed, value_at, with_edits
from wizard.formats.splices import Splice, applied, inverse, splices
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
from wizard.formats.text import Text, decoded, encoded

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
    "Splice",
    "Text",
    "applied",
    "decoded",
    "encoded",
    "inverse",
    "parsed",
    "splices",
    "value_at",
    "with_edits",
]
