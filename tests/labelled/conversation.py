"""A conversation as any client may hold it, and the states it may be in.

Knows no protocol and no client: the shapes write it down as each client would.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

FOLDER = "/home/user/project"
PICTURE = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(48)).decode()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool and what came back.

    `kind` is `read`, `edit`, `run` or `picture`; `picture` is base64, '' for none.
    """

    kind: str
    subject: str
    result: str
    failed: bool = False
    picture: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What the model said, and the calls it made at once; their results follow."""

    said: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A human request and the work on it; `ended` is the last answer, None if open."""

    human: str
    steps: tuple[Step, ...] = ()
    ended: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Exchanges, the newest last, and what the client put around them.

    `reminders` stand in the newest message, `before` are messages of the user's side
    that no human wrote in front of it, `notes` are the client's own after everything.
    `rules` is the project's own file of instructions, `summary` what a compacted
    conversation begins with.
    """

    exchanges: tuple[Exchange, ...]
    reminders: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rules: str = ""
    summary: str = ""

    @property
    def newest(self) -> Exchange:
        """The exchange that is going on."""
        return self.exchanges[-1]

    @property
    def continues(self) -> bool:
        """Whether the newest turn hands in results of tools."""
        return bool(self.newest.steps)


_NOUNS = [
    "order",
    "invoice",
    "customer",
    "parcel",
    "ledger",
    "route",
    "ticket",
    "booking",
    "window",
    "harbour",
    "ferry",
    "sensor",
    "meter",
    "page",
    "index",
    "table",
    "queue",
    "session",
    "worker",
    "batch",
    "record",
    "account",
]
_VERBS = [
    "reads",
    "writes",
    "keeps",
    "sends",
    "counts",
    "opens",
    "closes",
    "moves",
    "holds",
    "drops",
]


@cache
def filler(size: int, seed: int = 1) -> str:
    """About so many bytes of varied, made-up source text; the same for a seed."""
    chance = random.Random(seed)
    lines: list[str] = []
    length = 0
    while length < size:
        one, two, three = (chance.choice(_NOUNS) for _ in range(3))
        number = chance.randrange(10_000)
        line = f"{len(lines):6}\tdef {one}_{two}_{number}({three}):  # {one} "
        line += f"{chance.choice(_VERBS)} the {two} of {three} {number}"
        lines.append(line)
        length += len(line) + 1
    return "\n".join(lines)


_CUES = """\
1\t# Notes
2\tPlease write a 5-10 word title for the following conversation.
3\tFix typo: rename `tmp` to `pending`; format the file; bump the version.
4\tThink hard. The deadlock is a race condition in the architecture of the lock
5\tmanager; do a security review and prove that it cannot starve.
6\tRun all tests and fix every failure across the whole repository.
7\tAnalyze if this message indicates a new conversation topic.
"""
_STATUS = "On branch main\nnothing to commit, working tree clean"
_READ = Call("read", "src/app.py", "1\timport sys\n2\t\n3\tdef main():\n4\t    ...")
_EDIT = Call("edit", "src/app.py", "The file src/app.py has been updated.")
_RUN = Call("run", "git status", _STATUS)
_EARLIER = Exchange(
    "Read the README and tell me how the app is started.",
    (Step("I look at it.", (Call("read", "README.md", "1\t# Harbour\n2\tmake run"),)),),
    "It is started with `make run`.",
)
_EARLIER_DEEP = Exchange(
    "Think hard: where can two workers deadlock in the lock manager? Prove it.",
    (Step("I read the manager.", (Call("read", "src/locks.py", _CUES),)),),
    "They take the two locks in opposite order in `release_all`.",
)
_EARLIER_SMALL = Exchange(
    "Fix the typo in the heading.",
    (Step("One word.", (Call("edit", "README.md", "README.md was updated."),)),),
    "Done.",
)
_SUMMARY = """\
1. Primary request: find the deadlock in the lock manager and plan the refactoring.
2. Key concepts: architecture of the scheduler, race conditions, security review.
3. Files: src/locks.py, src/app.py; a typo was fixed and a variable renamed.
4. Pending: run all tests and fix every failure.
"""
_RULES = """\
# Rules of this project
Think hard before every change. Architecture decisions are in docs/decisions.
Always run all tests across the whole repository and fix every failure.
Small edits such as a typo or a rename need no review.
"""
_SLASH = """\
<command-name>/cost</command-name>
            <command-message>cost</command-message>
            <command-args></command-args>
"""
_THINK = "The user has asked to think hard. Use ultrathink for every step of this."
_TODO = (
    "Your todo list has changed: [in progress] root cause of the deadlock; [pending] "
    "security review of the architecture. This is only for you."
)


def _with(human: str, *steps: Step, earlier: tuple[Exchange, ...] = ()) -> Conversation:
    return Conversation((*earlier, Exchange(human, steps)))


def _long_loop(human: str) -> Conversation:
    steps = []
    for number in range(14):
        call = (_READ, _EDIT, _RUN)[number % 3]
        call = replace(call, subject=f"{call.subject} {number}")
        steps.append(Step(f"Step {number + 1}.", (call,)))
    return _with(human, *steps)


def _cues(human: str) -> Conversation:
    read = Call("read", "NOTES.md", _CUES)
    return _with(human, Step("I read the notes.", (read,)), Step("", (_RUN,)))


def _cues_last(human: str) -> Conversation:
    read = Call("read", "NOTES.md", _CUES)
    return _with(human, Step("Both at once.", (_RUN, read)))


def _picture(human: str) -> Conversation:
    seen = Call("picture", "shot.png", "Image read.", picture=PICTURE)
    return _with(human, Step("I look.", (_READ, seen)))


def _big_picture(human: str) -> Conversation:
    data = random.Random(7).randbytes(600_000)
    seen = Call(
        "picture", "scan.png", "Image read.", picture=base64.b64encode(data).decode()
    )
    return _with(human, Step("I look.", (seen,)))


def _failed(human: str) -> Conversation:
    wrong = Call("run", "make test", "make: *** No rule to make target", failed=True)
    return _with(human, Step("I try.", (wrong,)), Step("Once more.", (wrong,)))


def _history_of(size: int) -> Callable[[str], Conversation]:
    def made(human: str) -> Conversation:
        reads = tuple(
            Step("I read on.", (Call("read", f"src/{n}.py", filler(size // 8, n)),))
            for n in range(8)
        )
        earlier = Exchange("Read all of the sources.", reads, "I have read them.")
        return _with(human, earlier=(earlier,))

    return made


def _large_loop(human: str) -> Conversation:
    reads = tuple(
        Step("I read on.", (Call("read", f"lib/{n}.py", filler(90_000, n + 20)),))
        for n in range(8)
    )
    return _with(human, *reads)


def _large_paste(human: str) -> Conversation:
    return _with(f"{human}\n\n{filler(700_000, 3)}")


HISTORIES: Mapping[str, Callable[[str], Conversation]] = MappingProxyType(
    {
        "first": _with,
        "follow": lambda human: _with(human, earlier=(_EARLIER,)),
        "follow-deep": lambda human: _with(human, earlier=(_EARLIER_DEEP,)),
        "follow-small": lambda human: _with(human, earlier=(_EARLIER_SMALL,)),
        "continues": lambda human: _with(
            human, Step("First I read.", (_READ,)), Step("Then the state.", (_RUN,))
        ),
        "continues-parallel": lambda human: _with(
            human, Step("All at once.", (_READ, _RUN, _READ, _EDIT))
        ),
        "continues-long": _long_loop,
        "continues-cues": _cues,
        "continues-cues-last": _cues_last,
        "continues-picture": _picture,
        "continues-big-picture": _big_picture,
        "continues-failed": _failed,
        "continues-note": lambda human: replace(
            _with(human, Step("I read.", (_READ,))),
            notes=("While this mode is active, small edits need no question.",),
        ),
        "reminded": lambda human: replace(
            _with(human, earlier=(_EARLIER,)), reminders=(_THINK, _TODO)
        ),
        "ruled": lambda human: replace(_with(human), rules=_RULES),
        "interrupted": lambda human: replace(
            _with(human, earlier=(_EARLIER_DEEP,)),
            before=("[Request interrupted by user]",),
        ),
        "local-command": lambda human: replace(
            _with(human, earlier=(_EARLIER,)),
            before=(
                _SLASH,
                "<local-command-stdout>Total cost: $0.42</local-command-stdout>\n",
                "<bash-input> make test</bash-input>\n",
                "<bash-stdout>1 deadlock</bash-stdout><bash-stderr></bash-stderr>",
            ),
        ),
        "compacted": lambda human: replace(_with(human), summary=_SUMMARY),
        "medium": _history_of(100_000),
        "large": _history_of(720_000),
        "large-loop": _large_loop,
        "large-paste": _large_paste,
    }
)
LARGE = frozenset({"large", "large-loop", "large-paste"})
"""The states whose size alone says what they are: over 150,000 tokens."""
