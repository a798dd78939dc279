"""What a first run finds, plans and brings about, for its tests and its pictures."""

from __future__ import annotations

from dataclasses import replace

from discovery.findings import (
    ClientFound,
    Confidence,
    Findings,
    KeyFound,
    KeySource,
    Override,
    Reach,
    RouterFound,
    ServerFound,
    ServerKind,
    ServerModel,
    ServerState,
    SignIn,
)
from proxy.catalogue import Place
from wizard.plan import Login
from wizard.view import (
    Applied,
    ClientOutcome,
    ClientView,
    DiffLine,
    FileView,
    KeyView,
    LineKind,
    Outcome,
    PlanView,
    QuestionView,
    RefusalView,
    StepView,
    TestStep,
)

SURE = Confidence.SURE

CLAUDE = ClientFound(
    id="claude-code",
    name="Claude Code",
    version="2.1.88",
    where="~/.local/bin/claude",
    reach=Reach.WIRED_BY_FILE,
    confidence=SURE,
    settings=("~/.claude/settings.json",),
    running=True,
    sign_in=SignIn.SUBSCRIPTION,
    gives="Keeps its own Claude login: nothing gets worse on day one.",
)
CODEX = ClientFound(
    id="codex",
    name="Codex",
    version="0.91.0",
    where="~/.npm-global/bin/codex",
    reach=Reach.WIRED_BY_FILE,
    confidence=SURE,
    settings=("~/.codex/config.toml",),
    running=False,
    sign_in=SignIn.KEY,
    gives="A profile of its own; your chat history stays where it is.",
)
OPENCODE = ClientFound(
    id="opencode",
    name="opencode",
    version="",
    where="~/.config/opencode",
    reach=Reach.WIRED_BY_FILE,
    confidence=Confidence.LIKELY,
    gives="Its provider entry can point at Turnout.",
    overrides=(
        Override(
            where="~/work/site/opencode.json, line 4",
            name="provider",
            line='"provider": {',
            sentence="A project file names a provider of its own and wins there.",
            blocks=False,
        ),
    ),
)
CURSOR = ClientFound(
    id="cursor",
    name="Cursor",
    version="1.9",
    where="/usr/share/cursor",
    reach=Reach.UNREACHABLE,
    confidence=SURE,
    notes=("Its requests go through Cursor's servers, which reach no gateway here.",),
)
N8N = ClientFound(
    id="n8n",
    name="n8n",
    version="1.120",
    where="container n8n",
    reach=Reach.GUIDED,
    confidence=Confidence.LIKELY,
    gives="Is set up by hand; Turnout shows the steps.",
)
OPENAI = KeyFound(
    provider="openai",
    name="OpenAI",
    variable="OPENAI_API_KEY",
    source=KeySource.ENVIRONMENT,
    where="environment of this program",
    last4="k7Qe",
    reference="env:OPENAI_API_KEY",
    confidence=SURE,
    gives="GPT models, metered.",
)
GROQ = KeyFound(
    provider="groq",
    name="Groq",
    variable="GROQ_API_KEY",
    source=KeySource.SHELL_FILE,
    where="~/.zshrc, line 12",
    last4="x2Lm",
    reference="",
    confidence=SURE,
    gives="Open models, fast, a free tier.",
)
LOGIN = KeyFound(
    provider="",
    name="AWS profile",
    variable="AWS_PROFILE",
    source=KeySource.LOGIN,
    where="~/.aws/config",
    last4="",
    reference="",
    confidence=Confidence.HINT,
    notes=("Its login is managed elsewhere; Turnout does not route to it yet.",),
)
OLLAMA = ServerFound(
    kind=ServerKind.OLLAMA,
    name="Ollama",
    address="http://127.0.0.1:11434",
    version="0.14.2",
    state=ServerState.READY,
    place=Place.THIS_MACHINE,
    confidence=SURE,
    models=(
        ServerModel("qwen3-coder:30b", Place.THIS_MACHINE, loaded=True, context=65536),
        ServerModel("gpt-oss:20b", Place.THIS_MACHINE),
        ServerModel("minimax-m2:cloud", Place.PROVIDER),
    ),
    provider="ollama",
    gives="3 models, 1 loaded now; 1 of them runs at a provider.",
)
STARTING = replace(
    OLLAMA,
    kind=ServerKind.LLAMA_CPP,
    name="llama.cpp server",
    address="http://127.0.0.1:8080",
    version="b9931",
    state=ServerState.STARTING,
    models=(),
    provider="llamacpp",
    gives="It is still loading its model.",
)
ROUTER = RouterFound(
    id="cc-switch",
    name="cc-switch",
    where="~/.cc-switch",
    writes=("claude-code",),
    sentence="cc-switch writes Claude Code's settings too. Use one of the two.",
    confidence=SURE,
)

CLIENTS = Findings(clients=(CLAUDE, CODEX, OPENCODE, N8N, CURSOR), routers=(ROUTER,))
KEYS = Findings(keys=(OPENAI, GROQ, LOGIN))
SERVERS = Findings(
    servers=(OLLAMA, STARTING), problems=("Docker was not looked into.",)
)
FOUND = Findings(
    servers=SERVERS.servers,
    keys=KEYS.keys,
    clients=CLIENTS.clients,
    routers=CLIENTS.routers,
    problems=SERVERS.problems,
)

_SAME, _GONE, _NEW = LineKind.SAME, LineKind.GONE, LineKind.NEW

CLAUDE_VIEW = ClientView(
    client="claude-code",
    name="Claude Code",
    login=Login.OWN,
    ready=True,
    changes=True,
    files=(
        FileView(
            path="~/.claude/settings.json",
            new=False,
            keys=(
                KeyView(
                    "env.ANTHROPIC_BASE_URL",
                    "",
                    "http://127.0.0.1:8787",
                    "requests go to Turnout",
                ),
                KeyView(
                    "env.ANTHROPIC_CUSTOM_HEADERS",
                    "",
                    "x-turnout-key: tnt_...w9Kc",
                    "tells Turnout that it is Claude Code",
                ),
            ),
            lines=(
                DiffLine(_SAME, "{", before=1, after=1),
                DiffLine(_SAME, '  "model": "sonnet",', before=2, after=2),
                DiffLine(_GONE, '  "env": {}', before=3),
                DiffLine(_NEW, '  "env": {', after=3),
                DiffLine(
                    _NEW,
                    '    "ANTHROPIC_BASE_URL": "http://127.0.0.1:8787",',
                    ours=True,
                    after=4,
                ),
                DiffLine(
                    _NEW,
                    '    "ANTHROPIC_CUSTOM_HEADERS": "x-turnout-key: tnt_...w9Kc"',
                    ours=True,
                    after=5,
                ),
                DiffLine(_NEW, "  }", after=6),
                DiffLine(LineKind.CUT, "41 lines are the same"),
                DiffLine(_SAME, "}", before=45, after=48),
            ),
        ),
    ),
    means=(
        "Claude Code asks Turnout first and keeps signing in with your subscription.",
        "Its model menu stays as it is.",
    ),
    without=(
        "Claude Code says that it cannot reach 127.0.0.1:8787. `turnout undo "
        "claude-code` lets it reach its provider directly again."
    ),
    notes=("It runs now: start it again after the change.",),
    undo="turnout undo claude-code",
)
CODEX_VIEW = ClientView(
    client="codex",
    name="Codex",
    login=Login.KEY,
    ready=True,
    changes=True,
    files=(
        FileView(
            path="~/.codex/turnout.config.toml",
            new=True,
            keys=(KeyView("model_provider", "", "turnout", "requests go to Turnout"),),
            lines=(
                DiffLine(_NEW, 'model_provider = "turnout"', ours=True, after=1),
                DiffLine(_NEW, "", after=2),
                DiffLine(_NEW, "[model_providers.turnout]", ours=True, after=3),
                DiffLine(
                    _NEW, 'base_url = "http://127.0.0.1:8787/v1"', ours=True, after=4
                ),
            ),
        ),
    ),
    commands=("codex --profile turnout",),
    means=("`codex --profile turnout` uses Turnout; plain `codex` is as it was.",),
    without="Plain `codex` works as before.",
    undo="turnout undo codex",
)
REFUSED_VIEW = ClientView(
    client="opencode",
    name="opencode",
    login=Login.KEY,
    ready=False,
    changes=False,
    refusals=(
        RefusalView(
            "~/.config/opencode/opencode.json",
            "The file does not parse: a comma is missing.",
            "Mend line 7, then review again.",
            line=7,
        ),
    ),
)
ASKING_VIEW = ClientView(
    client="gemini-cli",
    name="Gemini CLI",
    login=Login.KEY,
    ready=False,
    changes=True,
    questions=(
        QuestionView(
            "over_local",
            "~/.gemini/.env already points at http://127.0.0.1:3456 "
            "(claude-code-router). Shall Turnout stand in its place? That address is "
            "not kept.",
        ),
    ),
)
GUIDED_VIEW = ClientView(
    client="n8n",
    name="n8n",
    login=Login.KEY,
    ready=True,
    changes=False,
    steps=(
        StepView("Credentials, new, OpenAI, Base URL", "http://127.0.0.1:8787/v1"),
        StepView("The same credential, API Key", "tnt_... (shown after the yes)"),
    ),
    means=("n8n is set up by hand; nothing is written.",),
)
PLAN = PlanView(
    id="plan_4f2a",
    clients=(CLAUDE_VIEW, CODEX_VIEW),
    own=(
        "The provider OpenAI is added; its key is read from OPENAI_API_KEY.",
        "The mode becomes Coding auto.",
    ),
    backups="~/.local/share/turnout/backups",
    undo_all="turnout undo --all",
)
HARD_PLAN = replace(PLAN, clients=(CLAUDE_VIEW, REFUSED_VIEW, ASKING_VIEW, GUIDED_VIEW))

_STEPS = (
    TestStep("port", True, "127.0.0.1:8787 answers", 2),
    TestStep("key", True, "known as Claude Code", 4),
    TestStep("stream", True, "the answer came piece by piece", 640),
    TestStep("tool call", True, "one call came back whole", 1180),
    TestStep("route", True, "anthropic/claude-sonnet-5, its own login", 1190),
    TestStep("cost", None, "covered by the subscription, about 0.004 $", 1190),
)
CLAUDE_DONE = ClientOutcome(
    client="claude-code",
    name="Claude Code",
    state=Applied.APPLIED,
    sentence="Claude Code is using Turnout.",
    todo="Start Claude Code again: the running one keeps its old settings.",
    files=("~/.claude/settings.json",),
    test=_STEPS,
    request="req_1",
)
CODEX_BACK = ClientOutcome(
    client="codex",
    name="Codex",
    state=Applied.TAKEN_BACK,
    sentence="The test request failed, so Codex is as it was before.",
    todo="Check the key OPENAI_API_KEY: the provider answered 401.",
    files=("~/.codex/turnout.config.toml",),
    test=(
        TestStep("port", True, "127.0.0.1:8787 answers", 2),
        TestStep("key", True, "known as Codex", 3),
        TestStep("stream", False, "the provider answered 401", 210),
        TestStep("tool call", None, "not reached", 210),
    ),
)
OUTCOME = Outcome(
    clients=(CLAUDE_DONE, CODEX_BACK),
    own=("The provider OpenAI was added.", "The mode is Coding auto now."),
    undo_all="turnout undo --all",
)
