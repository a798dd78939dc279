"""The side sheets: typing a key, and what can be chosen for one client.

Each is a small window of its own that blocks nothing but its parent. What was typed
is handed on once and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from wizard.answers import ClientAnswers
from wizard.pages.choices import Choice, Tick, indent
from wizard.pages.letters import UNIT
from wizard.pages.parts import Button, Display, Text
from wizard.pages.rows import caption, line
from wizard.plan import Login

PROVIDERS = (
    ("Anthropic", "anthropic"),
    ("OpenAI", "openai"),
    ("OpenRouter", "openrouter"),
    ("Google Gemini", "gemini"),
    ("Groq", "groq"),
    ("Mistral", "mistral"),
    ("Cerebras", "cerebras"),
    ("DeepSeek", "deepseek"),
    ("xAI", "xai"),
    ("Together", "together"),
    ("Fireworks", "fireworks"),
    ("Moonshot", "moonshot"),
    ("Z.ai", "zai"),
)
"""Providers a key can be typed for: what they are called, and their ids."""


@dataclass(frozen=True, slots=True)
class Detail:
    """A yes that one client knows: the answer's name, its text, and what it means."""

    key: str
    text: str
    means: str


DETAILS = {
    "claude-code": (
        Detail(
            "free_model",
            "&Let Turnout choose the model",
            "Left alone, Claude Code asks for Opus every time. Ticked, it asks for a "
            "Sonnet, which Turnout may answer by another model.",
        ),
        Detail(
            "helper",
            "Fetch the key by a &command",
            "Claude Code then asks Turnout for its key, which starts the gateway where "
            'none runs. It needs the login "keys that Turnout holds".',
        ),
    ),
    "codex": (
        Detail(
            "always",
            "&Always use Turnout, not only in its profile",
            "Experimental: plain `codex` then goes through Turnout too. Left alone, "
            "only `codex --profile turnout` does.",
        ),
    ),
}
"""What can be chosen for a client beside its login."""

LOGINS = (
    (None, "As is &usual for it", "Its own subscription where it has one."),
    (Login.OWN, "Its &own login", "Turnout passes its credential on and keeps none."),
    (Login.KEY, "&Keys that Turnout holds", "Its requests may go to any provider."),
)


def has_details(client: str) -> bool:
    """Tell whether anything can be chosen for a client."""
    return client in DETAILS


WIDE = 110 * UNIT
"""Pixels a sheet is wide at least."""


class Sheet(QDialog):
    """A side sheet: a title, a column, and two buttons; Esc leaves all as it was."""

    def __init__(self, parent: QWidget, title: str, done: str) -> None:
        """Be empty under a title; `done` is the text of the button that says yes."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        outer = QVBoxLayout(self)
        # `open` gives it its size; a layout would push the window about afterwards.
        outer.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)
        outer.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 4 * UNIT)
        outer.setSpacing(4 * UNIT)
        head = Display()
        head.say(title)
        outer.addWidget(head)
        self.column = QVBoxLayout()
        self.column.setSpacing(2 * UNIT)
        outer.addLayout(self.column)
        self.cancel = Button("&Cancel", self.reject)
        self.yes = Button(done, self.accept)
        self.cancel.setAutoDefault(False)
        self.yes.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.cancel)
        row.addStretch()
        row.addWidget(self.yes)
        outer.addStretch()
        outer.addLayout(row)

    def open(self) -> None:
        """Show it, as high as its text is at this width."""
        wide = max(self.sizeHint().width(), WIDE)
        self.resize(wide, self.heightForWidth(wide))
        super().open()


class KeySheet(Sheet):
    """Takes a provider's key and hands it on once, for the system keyring."""

    def __init__(self, parent: QWidget, store: Callable[[str, str], None]) -> None:
        """Be empty; `store` is called with a provider's id and the key."""
        super().__init__(parent, "Type a key", "&Keep the key in the keyring")
        self._store = store
        self.provider = QComboBox()
        for name, provider in PROVIDERS:
            self.provider.addItem(name, provider)
        self.key = QLineEdit()
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.textChanged.connect(self._typed)
        for text, widget in (("&Provider", self.provider), ("Ke&y", self.key)):
            label = QLabel(text)
            label.setBuddy(widget)
            widget.setAccessibleName(text.replace("&", ""))
            self.column.addWidget(label)
            self.column.addWidget(widget)
        self.column.addWidget(
            caption(
                "It goes into the system keyring and nowhere else: not into a file, a "
                "log or the record of requests. The review then shows that Turnout "
                "will use it."
            )
        )
        self.trouble = Text(bold=True)
        self.trouble.say("")
        self.column.addWidget(self.trouble)
        self._typed()
        self.key.setFocus()

    def accept(self) -> None:
        """Hand the key on and forget it; the sheet stays until it is known stored."""
        key, provider = self.key.text().strip(), self.provider.currentData()
        self.key.clear()
        self.trouble.say("")
        self._store(str(provider), key)

    def show_trouble(self, sentence: str) -> None:
        """Tell why the key was not stored; it has to be typed again."""
        self.trouble.say(sentence)
        self.key.setFocus()

    def _typed(self) -> None:
        self.yes.setEnabled(bool(self.key.text().strip()))


class ClientSheet(Sheet):
    """How one client signs in, and what else it knows."""

    def __init__(
        self,
        parent: QWidget,
        client: tuple[str, str],
        answers: ClientAnswers,
        chosen: Callable[[ClientAnswers], None],
    ) -> None:
        """Show `answers` for a client, by id and name; `chosen` gets the new ones."""
        id_, name = client
        super().__init__(parent, f"Options for {name}", "&Use these options")
        self._answers = answers
        self._chosen = chosen
        self.column.addWidget(line("How it signs in upstream", bold=True))
        self.logins: dict[Login | None, Choice] = {}
        group = QButtonGroup(self)
        for login, text, means in LOGINS:
            button = Choice(text)
            button.setChecked(answers.login is login)
            group.addButton(button)
            self._add(button, means)
            self.logins[login] = button
        self.ticks: dict[str, Tick] = {}
        for each in DETAILS[id_]:
            tick = Tick(each.text)
            tick.setChecked(bool(getattr(answers, each.key)))
            self._add(tick, each.means)
            self.ticks[each.key] = tick
        self.logins[answers.login].setFocus()

    def accept(self) -> None:
        """Hand the answers on."""
        login = next(
            login for login, button in self.logins.items() if button.isChecked()
        )
        yes = {key: tick.isChecked() for key, tick in self.ticks.items()}
        self._chosen(replace(self._answers, login=login, **yes))
        super().accept()

    def _add(self, button: Choice | Tick, means: str) -> None:
        button.setAccessibleDescription(means)
        self.column.addWidget(button)
        self.column.addWidget(caption(means, indent(self)))
