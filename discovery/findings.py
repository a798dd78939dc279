"""What discovery saw, as frozen values; a finding configures nothing.

It must not look at anything itself and holds no key: at most its last characters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.catalogue import Place


class Confidence(StrEnum):
    """How sure a finding is: proven by what answered, or a hint only."""

    SURE = "sure"
    LIKELY = "likely"
    HINT = "hint"


class ServerKind(StrEnum):
    """The kinds of servers that are told apart; `unknown` speaks Chat Completions."""

    LOCALAI = "localai"
    KOBOLDCPP = "koboldcpp"
    JAN = "jan"
    OPEN_WEBUI = "open-webui"
    LLAMA_CPP = "llamacpp"
    LM_STUDIO = "lmstudio"
    LITELLM = "litellm"
    VLLM = "vllm"
    OLLAMA = "ollama"
    TEXT_GENERATION_WEBUI = "text-generation-webui"
    TABBY_API = "tabbyapi"
    UNKNOWN = "openai-compatible"


class ServerState(StrEnum):
    """Whether a server can be asked now."""

    READY = "ready"
    STARTING = "starting"
    NEEDS_KEY = "needs-key"


@dataclass(frozen=True, slots=True)
class ServerModel:
    """One model of a server.

    `context` is the room really allocated and `longest` what the model could have
    (tokens, None where not told); `tools`, `vision` and `thinking` are None where the
    server says nothing. `place` is where the model itself runs.
    """

    id: str
    place: Place
    loaded: bool = False
    context: int | None = None
    longest: int | None = None
    tools: bool | None = None
    vision: bool | None = None
    thinking: bool | None = None


@dataclass(frozen=True, slots=True)
class ServerFound:
    """A model server that answered, identified by what it said.

    `address` is `http://HOST:PORT`. `provider` is the id of the known provider it can
    be used as, '' where Turnout cannot route to it; `gives` says in a sentence what it
    could give, `notes` what to mind. `used` says that `config.toml` names it already.
    """

    kind: ServerKind
    name: str
    address: str
    version: str
    state: ServerState
    place: Place
    confidence: Confidence
    models: tuple[ServerModel, ...] = ()
    provider: str = ""
    gives: str = ""
    notes: tuple[str, ...] = ()
    used: bool = False


class KeySource(StrEnum):
    """Where a key was seen."""

    ENVIRONMENT = "environment"
    SHELL_FILE = "shell-file"
    KEYRING = "keyring"
    LOGIN = "login"


@dataclass(frozen=True, slots=True)
class KeyFound:
    """A credential that is there; of the key itself only `last4` is kept.

    `provider` is a known provider's id and `name` its name, `variable` the name the
    key has where it stands, `where` that place in words (`~/.zshrc, line 12`). `last4`
    is '' where the key is managed elsewhere or too short to show a part of. `reference`
    is what `config.toml` could name it by (`env:NAME`, `keyring:NAME`), '' where it
    has to be moved first. `used` says that `config.toml` names it already.
    """

    provider: str
    name: str
    variable: str
    source: KeySource
    where: str
    last4: str
    reference: str
    confidence: Confidence
    gives: str = ""
    notes: tuple[str, ...] = ()
    used: bool = False


class SignIn(StrEnum):
    """How a client signs in upstream by itself, as far as can be told."""

    NONE = "none"
    KEY = "key"
    SUBSCRIPTION = "subscription"
    UNKNOWN = "unknown"


class Reach(StrEnum):
    """What can be done about a client: Turnout wires it, guides the user, or cannot."""

    WIRED_BY_FILE = "file"
    GUIDED = "guided"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Override:
    """A place that wins over what Turnout writes for a client.

    `where` is the place in words (`~/.zshrc, line 3`), `line` the line to remove as it
    stands there with anything secret left out, `name` the variable or key, `points_to`
    the address it names where it is one, `sentence` what it does. `blocks` says that
    the client cannot be reached as long as it is there.
    """

    where: str
    name: str
    line: str
    sentence: str
    points_to: str = ""
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class ClientFound:
    """A coding tool that is installed or has left its settings here.

    `id` is the client's id in design's words, or that of an editor or extension;
    `where` the program or folder that showed it; `settings` the files Turnout would
    look into; `running` that a process of it runs now (None: not looked). `gateway` is
    the local gateway address its settings already name, '' where they name none.
    """

    id: str
    name: str
    version: str
    where: str
    reach: Reach
    confidence: Confidence
    settings: tuple[str, ...] = ()
    running: bool | None = None
    sign_in: SignIn = SignIn.UNKNOWN
    gateway: str = ""
    gives: str = ""
    notes: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class RouterFound:
    """Another program that points clients elsewhere; `writes` are the ids of those."""

    id: str
    name: str
    where: str
    writes: tuple[str, ...]
    sentence: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class ContainerFound:
    """A container whose image is known; `address` is '' where no port is reachable."""

    name: str
    image: str
    what: str
    address: str
    state: str
    project: str = ""


@dataclass(frozen=True, slots=True)
class ForgeFound:
    """A code forge: a remote of a folder the user named, or an account of `tea`."""

    name: str
    kind: str
    address: str
    where: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything of one look; `problems` are sentences about what could not be seen."""

    servers: tuple[ServerFound, ...] = ()
    keys: tuple[KeyFound, ...] = ()
    clients: tuple[ClientFound, ...] = ()
    routers: tuple[RouterFound, ...] = ()
    containers: tuple[ContainerFound, ...] = ()
    forges: tuple[ForgeFound, ...] = ()
    problems: tuple[str, ...] = field(default=())
