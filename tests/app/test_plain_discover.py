"""What a look found reads well in a terminal and steers none."""

from app.plain_discover import findings
from discovery.findings import (
    ClientFound,
    Confidence,
    ContainerFound,
    Findings,
    ForgeFound,
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

SERVER = ServerFound(
    kind=ServerKind.OLLAMA,
    name="Ollama",
    address="http://127.0.0.1:11434",
    version="0.31.0",
    state=ServerState.READY,
    place=Place.THIS_MACHINE,
    confidence=Confidence.SURE,
    models=(
        ServerModel("small", Place.THIS_MACHINE, loaded=True, context=8192),
        ServerModel("cloud", Place.PROVIDER),
        *(ServerModel(f"m{number}", Place.THIS_MACHINE) for number in range(4)),
    ),
    gives="Turnout can route to it.",
    notes=("It is open to your network.",),
    used=True,
)
CLIENT = ClientFound(
    id="claude-code",
    name="Claude Code",
    version="2.1.329",
    where="~/.local/bin/claude",
    reach=Reach.WIRED_BY_FILE,
    confidence=Confidence.LIKELY,
    running=True,
    sign_in=SignIn.SUBSCRIPTION,
    gateway="http://127.0.0.1:3456",
    notes=("A note.",),
    overrides=(
        Override("~/.zshrc, line 3", "A", "export A=b", "It wins."),
        Override("~/x", "B", "", "It does not.", blocks=False),
    ),
)
KEYS = (
    KeyFound(
        provider="groq",
        name="Groq",
        variable="GROQ_API_KEY",
        source=KeySource.SHELL_FILE,
        where="~/.zshrc, line 2",
        last4="last",
        reference="",
        confidence=Confidence.LIKELY,
        notes=("Move it.",),
    ),
    KeyFound(
        provider="chatgpt",
        name="Codex",
        variable="",
        source=KeySource.LOGIN,
        where="~/.codex/auth.json",
        last4="",
        reference="",
        confidence=Confidence.LIKELY,
    ),
)
EVERYTHING = Findings(
    servers=(SERVER,),
    keys=KEYS,
    clients=(CLIENT,),
    routers=(
        RouterFound("x", "X", "~/.x", (), "X also writes this.", Confidence.HINT),
    ),
    containers=(ContainerFound("web", "img", "Ollama", "", "running"),),
    forges=(ForgeFound("origin", "Gitea", "https://gitea.example", "here"),),
    problems=("Something could not be seen.",),
)


def test_an_empty_look_says_so_and_what_else_there_is() -> None:
    assert findings(Findings(), "turnout") == (
        "Nothing was found.",
        "",
        "Looking only. Nothing has been changed.",
        (
            "`turnout discover --shell-files` also reads shell start-up files, "
            "`--docker` also asks Docker."
        ),
    )


def test_everything_has_its_place() -> None:
    assert findings(EVERYTHING, "turnout") == (
        "Local model servers",
        "  Ollama 0.31.0  http://127.0.0.1:11434  ready  in use",
        "    small (8,192 tokens, loaded), cloud (runs in a cloud), m0, m1 and 2 more",
        "    Turnout can route to it.",
        "    It is open to your network.",
        "",
        "Coding tools",
        "  Claude Code 2.1.329  can be set up  subscription  running  likely",
        "    found at ~/.local/bin/claude",
        "    its settings name http://127.0.0.1:3456",
        "    A note.",
        "    in the way: ~/.zshrc, line 3",
        "      export A=b",
        "      It wins.",
        "    to know: ~/x",
        "      It does not.",
        "",
        "Keys",
        "  Groq   ...last    GROQ_API_KEY  ~/.zshrc, line 2    likely",
        "    Move it.",
        "  Codex  signed in                ~/.codex/auth.json  likely",
        "",
        "Other programs that write the same settings",
        "  X  ~/.x  a hint only",
        "    X also writes this.",
        "",
        "Containers",
        "  web  Ollama  no port is reachable  running",
        "",
        "Code forges",
        "  origin  Gitea  https://gitea.example  here",
        "",
        "Something could not be seen.",
        "",
        "Looking only. Nothing has been changed.",
    )


def test_what_a_server_says_steers_no_terminal() -> None:
    odd = ServerModel("\x1b[2Jmodel", Place.THIS_MACHINE)
    server = ServerFound(
        kind=ServerKind.UNKNOWN,
        name="\x07bell",
        address="http://127.0.0.1:1",
        version="",
        state=ServerState.NEEDS_KEY,
        place=Place.THIS_MACHINE,
        confidence=Confidence.HINT,
        models=(odd,),
    )
    lines = findings(Findings(servers=(server,), problems=("\x1bodd",)), "turnout")
    assert all(character.isprintable() for line in lines for character in line)
