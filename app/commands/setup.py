"""Commands that set clients up: what would change, the yes, and the first run's memory.

Nothing of another program is written before a plan was shown and agreed to.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from app.failure import CommandFailed, Exit
from app.services import Services
from app.settings.files import read_whole, replace_whole, stamp_of
from wizard.answers import Answers, ClientAnswers, WrongAnswers, read_answers
from wizard.plan import Login
from wizard.view import ClientOutcome, Outcome, PlanView

_MOST_SAVED = 64 * 1024

AnswersText = Annotated[
    str,
    Meta(
        description="A TOML file of answers, as docs/guide/first-run.md has it.",
        extra={"content": True},
    ),
]


@dataclass(frozen=True, slots=True)
class Integration:
    """One client's plan and, once it was agreed to, what became of it.

    `asks` is True where nothing was changed because the user has to agree first.
    """

    plan: PlanView
    asks: bool
    outcome: Outcome | None = None

    @property
    def failed(self) -> bool:
        """Whether it was agreed to and did not come about, or cannot as it is."""
        if self.outcome is not None:
            return self.outcome.failed
        return any(client.refusals for client in self.plan.clients)


@dataclass(frozen=True, slots=True)
class SavedFirstRun:
    """What the first run remembers between two starts.

    `text` is '' where nothing is. `begun` says that it was gone through or put off, so
    that it does not open by itself any more.
    """

    text: str
    begun: bool


async def plan(
    services: Services, *, answers: AnswersText, project: str | None = None
) -> PlanView:
    """Show everything that these answers would change; it changes nothing."""
    from app.wiring import draw

    read = answers_in(services, answers)
    drawn = await draw(services, read, project=_folder(project))
    return drawn.view


async def apply(
    services: Services,
    *,
    answers: AnswersText,
    plan: Annotated[str, Meta(description="The plan's id, as `setup plan` told it.")],
    client: Annotated[
        str | None,
        Meta(description="One client of the plan, or turnout for its own file."),
    ] = None,
    test: Annotated[
        bool, Meta(description="Send a test request as each client.")
    ] = True,
) -> Outcome:
    """Carry a plan out: you agree to exactly what was shown under its id.

    Each client is tested with one small request, which may cost a fraction of a cent; a
    client that does not get through is taken back at once.
    """
    from app.applying import apply as carry_out

    read = answers_in(services, answers)
    return await carry_out(services, read, plan, only=client, test=test)


async def test(
    services: Services,
    client: Annotated[str, Meta(description="A client that is connected.")],
) -> ClientOutcome:
    """Send one small request as a connected client would; it may cost a little."""
    from app.applying import test_client

    return await test_client(services, client)


async def integrate(  # noqa: PLR0913 - each is one choice of a person's
    services: Services,
    client: Annotated[str, Meta(description="The client to connect to Turnout.")],
    *,
    dry_run: Annotated[bool, Meta(description="Only show what would change.")] = False,
    project: Annotated[
        str | None,
        Meta(description="Only for this folder.", extra={"place": True}),
    ] = None,
    login: Annotated[
        Login | None,
        Meta(
            description="key: providers' keys from Turnout's configuration; own: the "
            "client's own sign-in is passed on."
        ),
    ] = None,
    always: Annotated[
        bool,
        Meta(
            description="Codex: also without --profile (experimental until a sign-in "
            "was seen to work through it)."
        ),
    ] = False,
    free_model: Annotated[
        bool, Meta(description="Claude Code: let Turnout choose the model.")
    ] = False,
    helper: Annotated[
        bool,
        Meta(description="Let the client fetch its key by a command that starts us."),
    ] = False,
    over_local: Annotated[
        bool,
        Meta(description="Replace an address of another gateway on this machine."),
    ] = False,
    test: Annotated[bool, Meta(description="Send a test request as it.")] = True,
    yes: Annotated[bool, Meta(description="Agree to what --dry-run shows.")] = False,
) -> Integration:
    """Connect one client to Turnout: show every change, and make it after a yes."""
    from app.applying import apply as carry_out
    from app.wiring import draw

    own = ClientAnswers(login, always, free_model, helper, over_local)
    answers = Answers(clients=(client,), client={client: own})
    folder = _folder(project)
    drawn = await draw(services, answers, project=folder)
    (one,) = drawn.view.clients
    if dry_run or not yes:
        asks = not dry_run and one.ready and (one.changes or bool(one.steps))
        return Integration(drawn.view, asks)
    outcome = await carry_out(
        services, answers, drawn.plan.id, project=folder, test=test
    )
    return Integration(drawn.view, asks=False, outcome=outcome)


def _folder(project: str | None) -> Path | None:
    if project is None:
        return None
    folder = Path(project)
    if not folder.is_dir():
        raise CommandFailed(
            "There is no such folder",
            f"{project} is not a folder. Nothing was done.",
            "Name the folder of a project.",
            Exit.USAGE,
        )
    return folder.resolve()


def answers_in(services: Services, text: str) -> Answers:
    """Return the answers in a text; raises `CommandFailed` where it has mistakes."""
    try:
        return read_answers(text)
    except WrongAnswers as wrong:
        raise CommandFailed(
            "The answers cannot be used",
            f"{wrong} Nothing was done.",
            f"{services.command_path} init --help names the guide to them.",
            Exit.USAGE,
        ) from None


# --- the first run's memory -----------------------------------------------------------


def first_run_file(services: Services) -> Path:
    """Return where the first run keeps what was chosen: no key, no file's text."""
    return services.paths.state / "first-run.json"


async def resume(services: Services) -> SavedFirstRun:
    """Return what the first run remembers, so that it goes on where it was left."""
    file = first_run_file(services)
    try:
        data, _ = await asyncio.to_thread(read_whole, file, _MOST_SAVED)
        text = data.decode()
    except (OSError, ValueError):
        return SavedFirstRun("", begun=_wired(services))
    return SavedFirstRun(text, begun=True)


async def save(
    services: Services,
    *,
    text: Annotated[str, Meta(description="What to remember.", max_length=_MOST_SAVED)],
) -> SavedFirstRun:
    """Remember what was chosen in the first run, for the case that it is cut short."""
    file = first_run_file(services)
    try:
        await asyncio.to_thread(replace_whole, file, text.encode(), stamp_of(file))
    except OSError as error:
        raise CommandFailed(
            "The choices were not remembered",
            f"{file} cannot be written: {error.strerror}.",
            "They hold as long as this window is open.",
        ) from None
    return SavedFirstRun(text, begun=True)


def _wired(services: Services) -> bool:
    from app.consenting import journal_of

    return bool(journal_of(services).current())
