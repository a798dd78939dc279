"""Documents to edit, made up by Hypothesis: their data and a text of all oddities."""

from __future__ import annotations

import json
from dataclasses import dataclass

from hypothesis import strategies as st

from wizard.formats import Format, Json

KEYS = st.sampled_from(["a", "b", "env", "models", "x y", "é", "theme", "n1"])
_TEXTS = st.sampled_from(
    ["", "v", "// no", "# no", '{"[', "it's", "C:\\d", "\n\té\U0001f600"]
)
_SCALARS = st.one_of(
    _TEXTS, st.booleans(), st.none(), st.integers(-9, 99), st.just(1.5)
)
_DATA: st.SearchStrategy[Json] = st.recursive(
    _SCALARS,
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(KEYS, below, max_size=3)
        | st.lists(st.fixed_dictionaries({"name": _TEXTS, "u": below}), max_size=2)
    ),
    max_leaves=10,
)


@dataclass(frozen=True, slots=True)
class Document:
    """A text with what it holds; `regular` says that its layout is an editor's."""

    fmt: Format
    text: str
    data: dict[str, Json]
    regular: bool = False


@dataclass(frozen=True, slots=True)
class _Look:
    fmt: Format
    end: str
    unit: str
    tall: bool
    trailing: bool
    comments: bool


@st.composite
def json_documents(draw: st.DrawFn, fmt: Format) -> Document:
    """Objects in JSON or a dialect, in a regular layout or a wild one."""
    data: dict[str, Json] = draw(st.dictionaries(KEYS, _DATA, max_size=4))
    loose = fmt is not Format.JSON
    look = _Look(
        fmt,
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.sampled_from(["  ", "    ", "\t"])),
        tall=draw(st.booleans()),
        trailing=loose and draw(st.booleans()),
        comments=loose and draw(st.booleans()),
    )
    wild = draw(st.booleans())
    if not wild and not look.comments:
        indent = look.unit if look.tall else None
        text = json.dumps(data, indent=indent, ensure_ascii=draw(st.booleans()))
        text = text.replace("\n", look.end) + draw(st.sampled_from(["", look.end]))
        return Document(fmt, text, data, regular=True)
    return Document(fmt, draw(_written(data, look, "")) + look.end, data)


@st.composite
def _gaps(draw: st.DrawFn, look: _Look) -> str:
    gaps = ["", "", " ", "\t", look.end, look.end + look.unit]
    if look.comments:
        gaps += [
            f" // n{look.end}",
            '/* {"[, */',
            f"/* x{look.end} */ ",
            f"//{look.end}",
        ]
    return draw(st.sampled_from(gaps))


@st.composite
def _written(draw: st.DrawFn, data: Json, look: _Look, indent: str) -> str:
    if isinstance(data, dict):
        rows = [
            draw(_key(key, look))
            + draw(_gaps(look))
            + ":"
            + draw(_gaps(look))
            + draw(_written(one, look, indent + look.unit))
            for key, one in data.items()
        ]
        return draw(_bracketed("{}", rows, look, indent))
    if isinstance(data, list):
        rows = [draw(_written(one, look, indent + look.unit)) for one in data]
        return draw(_bracketed("[]", rows, look, indent))
    if look.fmt is Format.JSON5 and isinstance(data, str) and draw(st.booleans()):
        inner = json.dumps(data)[1:-1].replace('\\"', '"').replace("'", "\\'")
        return f"'{inner}'"
    return json.dumps(data, ensure_ascii=draw(st.booleans()))


@st.composite
def _key(draw: st.DrawFn, key: str, look: _Look) -> str:
    if look.fmt is Format.JSON5 and key.isidentifier() and draw(st.booleans()):
        return key
    if draw(st.booleans()):
        return '"' + "".join(f"\\u{ord(one):04x}" for one in key) + '"'
    return json.dumps(key)


@st.composite
def _bracketed(
    draw: st.DrawFn, marks: str, rows: list[str], look: _Look, indent: str
) -> str:
    between = look.end + indent + look.unit if look.tall else ""
    parts = [marks[0]]
    for at, row in enumerate(rows):
        parts += [between, draw(_gaps(look)), row]
        if at < len(rows) - 1 or look.trailing:
            parts += [draw(_gaps(look)), ","]
        parts.append(draw(_gaps(look)))
    parts += [draw(_gaps(look)), look.end + indent if look.tall else "", marks[1]]
    return "".join(parts)


@st.composite
def toml_documents(draw: st.DrawFn) -> Document:
    """Root keys, tables and lists of tables, with comments and blanks between."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    names = ["a", "b", "theme", '"x y"', "'é'"]
    values = [
        "1",
        '"v # no"',
        "'C:\\d'",
        "[1, # c\n 2]",
        "{ k = 1 }",
        "true",
        '"""\nx\n"""',
    ]
    filler = ["", "", "# note", "  # [no]"]

    def keys() -> list[str]:
        chosen = draw(st.lists(st.sampled_from(names), max_size=3, unique=True))
        return [
            draw(st.sampled_from(["", "  "]))
            + f"{name}{draw(st.sampled_from([' = ', '=']))}"
            + draw(st.sampled_from(values))
            + draw(st.sampled_from(["", " # c"]))
            for name in chosen
        ]

    rows = [draw(st.sampled_from(filler)), *keys()]
    heads = ["[env]", "[t.deep]", "[ models . q ]", "[[list]]", "[[list]]", "[zz] # h"]
    for head in draw(st.lists(st.sampled_from(heads), max_size=4)):
        if head in rows and not head.startswith("[["):
            continue
        rows += [draw(st.sampled_from(filler)), head, *keys()]
    text = "\n".join(rows).replace("\n", end) + draw(st.sampled_from(["", end]))
    return Document(Format.TOML, text, {}, regular=True)


@st.composite
def yaml_documents(draw: st.DrawFn) -> Document:
    """Block and flow collections in several indents, comments and blank lines."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    unit = draw(st.sampled_from([2, 4]))
    dash = draw(st.sampled_from([0, 2]))

    def scalar() -> str:
        words = [
            "v",
            "'it''s'",
            '"q # no"',
            "5",
            "yes",
            "~",
            "[a,   b]",
            "{k: 1}",
            "a b",
        ]
        return draw(st.sampled_from(words)) + draw(st.sampled_from(["", " # c", "  "]))

    def filler() -> list[str]:
        return draw(st.sampled_from([[], [], [""], ["# note"], ["", "  # far"]]))

    def mapping(indent: int, depth: int) -> list[str]:
        rows: list[str] = []
        keys = draw(
            st.lists(st.sampled_from(_NAMES), min_size=1, max_size=3, unique=True)
        )
        for key in keys:
            rows += filler() + value(f"{' ' * indent}{key}:", indent, depth)
        return rows

    def value(head: str, indent: int, depth: int) -> list[str]:
        kinds = ["scalar", "scalar", "none", "text", "map", "list"][
            : 4 + 2 * (depth < 2)
        ]
        match draw(st.sampled_from(kinds)):
            case "none":
                return [head + draw(st.sampled_from(["", " # none"]))]
            case "text":
                pad = " " * (indent + unit)
                return [
                    head + draw(st.sampled_from([" |", " >-", " |+"])),
                    pad + "x # y",
                    pad + "z",
                ]
            case "map":
                return [head, *mapping(indent + unit, depth + 1)]
            case "list":
                pad = " " * (indent + dash) + "- "
                rows = [head]
                for _ in range(draw(st.integers(1, 2))):
                    if draw(st.booleans()):
                        rows.append(pad + scalar())
                        continue
                    inner = mapping(len(pad), depth + 1)
                    first = next(at for at, row in enumerate(inner) if ":" in row)
                    rows += [pad + inner[first].strip(" "), *inner[first + 1 :]]
                return rows
            case _:
                return [f"{head} {scalar()}"]

    rows = draw(st.sampled_from([[], ["# head"], ["---"], ["", "# head", ""]]))
    rows = rows + (mapping(0, 0) if draw(st.booleans()) else [])
    text = end.join([*rows, *filler()]) + draw(st.sampled_from(["", end]))
    return Document(Format.YAML, text, {}, regular=True)


_NAMES = ["a", "b", "env", "models", '"x y"', "theme", "é"]


@st.composite
def dotenv_documents(draw: st.DrawFn) -> Document:
    """Names with bare and quoted values, some over two lines, comments, exports."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    names = draw(
        st.lists(st.sampled_from(["A", "B_1", "KEY", "Z"]), max_size=4, unique=True)
    )
    values = [
        "",
        "x",
        "a b",
        '"q # no"',
        "'s'",
        '"two\nlines"',
        "`b`",
        "a#b",
        "http://x/y?z=1",
    ]
    rows: list[str] = []
    for name in names:
        rows += draw(st.sampled_from([[], [""], ["# note"], ["# A=1"]]))
        rows.append(
            draw(st.sampled_from(["", "export ", "  "]))
            + name
            + draw(st.sampled_from(["=", " = "]))
            + draw(st.sampled_from(values))
            + draw(st.sampled_from(["", " # c"]))
        )
    text = "\n".join(rows).replace("\n", end) + draw(st.sampled_from(["", end]))
    return Document(Format.DOTENV, text, {}, regular=True)


def documents(fmt: Format) -> st.SearchStrategy[Document]:
    """The documents of one format."""
    match fmt:
        case Format.TOML:
            return toml_documents()
        case Format.YAML:
            return yaml_documents()
        case Format.DOTENV:
            return dotenv_documents()
        case _:
            return json_documents(fmt)
