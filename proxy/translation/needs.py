"""Tells what makes a route no way for this request: what its answer depends on; pure.

A thing merely offered is no obstacle; it is lost under a name when the request is
fitted. Older content that can be replaced by a note is none either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from proxy.model import (
    Choice,
    Document,
    Image,
    Message,
    Opaque,
    Part,
    Protocol,
    Request,
    Role,
    ServerPart,
    ServerTool,
    ToolChoice,
    ToolResult,
)
from proxy.translation.content import text_of
from proxy.translation.extras import NEEDED, fates
from proxy.translation.hosted import function_of, goes_as_function, with_calls
from proxy.translation.proofs import is_bound
from proxy.translation.reach import Reach
from proxy.translation.server_steps import told
from proxy.wire.dialect import Dialect


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What this request depends on and a route cannot give.

    `name` is a snake_case word for records, `sentence` is for people and free of the
    request's content.
    """

    name: str
    sentence: str


def obstacles(
    request: Request, protocol: Protocol, dialect: Dialect, *, foreign: bool = False
) -> tuple[Obstacle, ...]:
    """Return why a provider of `protocol` cannot answer this request; () if it can.

    `foreign` tells that its sealed items are known to be another provider's.
    """
    reach = Reach(request.protocol, protocol, dialect, foreign)
    if goes_as_function(reach):
        request = replace(request, messages=with_calls(request.messages))
    found: dict[str, Obstacle] = {}
    for each in _all(request, reach):
        found.setdefault(each.name, each)
    return tuple(found.values())


def _all(request: Request, reach: Reach) -> Iterator[Obstacle]:
    if not reach.same or reach.foreign:
        yield from _state(request)
    if not reach.same:
        for name, fate in fates(request.protocol, request.extras):
            if fate == NEEDED:
                yield Obstacle(
                    f"field_{name}",
                    f"The request sets {name}, which only its own protocol knows.",
                )
    yield from _tools(request, reach)
    newest = _newest(request.messages)
    for at, message in enumerate(request.messages):
        for part in message.parts:
            yield from _part(part, reach, new=at >= newest)


def _state(request: Request) -> Iterator[Obstacle]:
    if request.kept.previous is not None:
        yield Obstacle(
            "previous_response",
            "The request continues an answer that only another provider keeps.",
        )
    if request.kept.conversation is not None:
        yield Obstacle(
            "conversation",
            "The request continues a conversation that only another provider keeps.",
        )


def _tools(request: Request, reach: Reach) -> Iterator[Obstacle]:
    choice, dialect = request.tool_choice, reach.dialect
    if request.offered and not dialect.tools and not _off(choice):
        yield Obstacle("tools", "The request offers tools, which are not taken here.")
    if choice is None:
        return
    hosted = _hosted(request, choice)
    if hosted and not reach.same:
        yield Obstacle(
            "forced_server_tool",
            "The request forces a tool that only its own provider runs.",
        )
    forced = choice.choice in {Choice.ANY, Choice.TOOL} and not hosted
    able = dialect.required_word or (
        choice.choice is Choice.TOOL and dialect.forced_tool
    )
    if forced and not able:
        yield Obstacle(
            "forced_tool", "The request forces a call, which cannot be forced here."
        )


def _off(choice: ToolChoice | None) -> bool:
    return choice is not None and choice.choice is Choice.NONE


def _hosted(request: Request, choice: ToolChoice) -> bool:
    """Whether the tool that is forced is one the client's own provider runs."""
    offered = [tool for tool in request.tools if isinstance(tool, ServerTool)]
    if choice.hosted is not None:
        return not any(
            tool.type == choice.hosted and function_of(tool) for tool in offered
        )
    if choice.choice is Choice.ANY and choice.allowed is None:
        # A call is forced, and there is none to make but by the provider itself.
        hosted = bool(offered) and not any(map(function_of, offered))
        return hosted and not request.offered
    return choice.choice is Choice.TOOL and any(
        tool.name == choice.name for tool in offered
    )


def _newest(messages: tuple[Message, ...]) -> int:
    """Where the newest turn of the user begins."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role is Role.ASSISTANT:
            return at + 1
    return 0


def _part(part: Part, reach: Reach, *, new: bool) -> Iterator[Obstacle]:
    match part:
        case ToolResult():
            for each in part.parts:
                yield from _part(each, reach, new=new)
        case Image() if new and not reach.takes_image(part):
            yield Obstacle(
                "image", "The newest turn shows an image that cannot be sent there."
            )
        case Document() if not (reach.same and reach.takes_document(part)):
            yield from _document(part, reach, new=new)
        case ServerPart() | Opaque():
            home = part.protocol is reach.protocol
            if home and not (reach.foreign and is_bound(part)):
                return
            if told(part) is None:
                yield _untold(part)
        case _:
            return


def _document(part: Document, reach: Reach, *, new: bool) -> Iterator[Obstacle]:
    if isinstance(part.source, tuple):
        for each in part.source:
            yield from _part(each, reach, new=new)
    elif new and not reach.takes_document(part) and text_of(part) is None:
        yield Obstacle(
            "document", "The newest turn holds a file that cannot be sent there."
        )


def _untold(part: ServerPart | Opaque) -> Obstacle:
    word = "".join(c for c in part.kind if c.isalnum() or c == "_")[:40]
    return Obstacle(
        f"part_{word}",
        f"The conversation holds a {word} that only its own provider can read.",
    )
