"""Starts the real coding clients unattended, each in a home of its own.

Knows how a client is pointed at a base URL and nothing of the gateway. The
clients reach only that URL: what else they would fetch is switched off.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".clients" / "bin"
OPENCODE_CHAT = "@ai-sdk/openai-compatible"
OPENCODE_MESSAGES = "@ai-sdk/anthropic"
OPENCODE_RESPONSES = "@ai-sdk/openai"
CODEX_PROFILE = """\
model = "{model}"
model_provider = "turnout"

[model_providers.turnout]
name = "Turnout"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "TURNOUT_KEY"
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a client's run ended; `seconds` is its wall-clock time."""

    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        """Everything it said, for a failing test's message."""
        return f"exit {self.code} in {self.seconds:.1f} s\n{self.out}\n{self.err}"


@dataclass(frozen=True, slots=True)
class Place:
    """An empty home and a project folder under git."""

    home: Path
    project: Path

    @classmethod
    def under(cls, folder: Path, project: str) -> "Place":
        """Make both below a folder."""
        place = cls(folder / "client-home", folder / project)
        place.home.mkdir()
        place.project.mkdir()
        subprocess.run(["git", "init", "-q", str(place.project)], check=True)
        return place

    def write(self, path: str, text: str) -> None:
        """Put a file into the home."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """A whole environment: nothing of the test's own home or keys is in it."""
        return {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_STATE_HOME": str(self.home / ".local" / "state"),
            # Whatever would still be fetched fails at once instead of hanging.
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost",
            **extra,
        }


# What a client would fetch or check by itself is off; how it is pointed is not here.
_CLAUDE_CODE = {
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    # Lets it skip permissions as root, as in a container.
    "IS_SANDBOX": "1",
}
_OPENCODE = {
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
}
_GEMINI_CLI = {
    # A folder nobody said to trust gets no tools.
    "GEMINI_CLI_TRUST_WORKSPACE": "true",
    # It would start itself anew for more memory, and answer from the child.
    "GEMINI_CLI_NO_RELAUNCH": "true",
}
_GEMINI_SETTINGS = {
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
    "privacy": {"usageStatisticsEnabled": False},
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "telemetry": {"enabled": False},
}


def start(
    client: str,
    place: Place,
    prompt: str,
    environment: Mapping[str, str],
    *,
    limit: float = 90,
) -> Ran:
    """Run a client as it is set up in its home, every tool allowed."""
    match client:
        case "claude-code":
            command = ["claude", "-p", prompt, "--dangerously-skip-permissions"]
            off = _CLAUDE_CODE
        case "codex":
            bypass = "--dangerously-bypass-approvals-and-sandbox"
            command = ["codex", "exec", "--profile", "turnout", bypass, prompt]
            off = {}
        case "gemini-cli":
            command = ["gemini", "--yolo", "--prompt", prompt]
            off = _GEMINI_CLI
        case _:
            command, off = ["opencode", "run", prompt], _OPENCODE
    command[0] = str(BIN / command[0])
    return run(command, place, off | dict(environment), limit)


@dataclass(frozen=True, slots=True)
class Client:
    """A client, the URL it calls (without a version path) and its key."""

    place: Place
    url: str
    key: str

    def run(self, client: str, prompt: str, *, model: str, package: str = "") -> Ran:
        """Run a client by its name, with a model where it has to be told one."""
        match client:
            case "claude-code":
                return self.claude_code(prompt)
            case "codex":
                return self.codex(prompt, model=model)
            case "opencode":
                package = package or OPENCODE_CHAT
                return self.opencode(prompt, model=model, package=package)
            case _:
                return self.gemini_cli(prompt)

    def claude_code(self, prompt: str, *, discovers: bool = False) -> Ran:
        """Run Claude Code with a prompt; it asks for a list of models if told to."""
        pointed = {"ANTHROPIC_BASE_URL": self.url, "ANTHROPIC_AUTH_TOKEN": self.key}
        if discovers:
            pointed["CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY"] = "1"
            # It counts the list among what is not essential.
            pointed["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = ""
        return start("claude-code", self.place, prompt, pointed)

    def codex(self, prompt: str, *, model: str, lists: bool = False) -> Ran:
        """Run Codex with a prompt and a profile file of its own.

        `lists` hands it the key by a command: only then it asks for a list of models.
        """
        profile = CODEX_PROFILE.format(model=model, url=self.url)
        if lists:
            printed = f'auth = {{ command = "echo", args = ["{self.key}"] }}'
            profile = profile.replace('env_key = "TURNOUT_KEY"', printed)
        self.place.write(".codex/turnout.config.toml", profile)
        return start("codex", self.place, prompt, {"TURNOUT_KEY": self.key})

    def codex_redirected(self, prompt: str, *, model: str) -> Ran:
        """Run Codex with its own provider and only the URL changed: by websocket."""
        profile = f'model = "{model}"\nopenai_base_url = "{self.url}/v1"\n'
        self.place.write(".codex/turnout.config.toml", profile)
        self.place.write(".codex/auth.json", json.dumps({"OPENAI_API_KEY": self.key}))
        return start("codex", self.place, prompt, {})

    def opencode(self, prompt: str, *, model: str, package: str = OPENCODE_CHAT) -> Ran:
        """Run opencode with a prompt; its package decides what protocol it speaks."""
        config = json.dumps(_opencode_config(self.url, model, package))
        self.place.write(".config/opencode/opencode.json", config)
        return start("opencode", self.place, prompt, {"TURNOUT_KEY": self.key})

    def gemini_cli(self, prompt: str, *, model: str = "") -> Ran:
        """Run Gemini CLI with a prompt; without a model it asks which one to take."""
        self.place.write(".gemini/settings.json", json.dumps(_GEMINI_SETTINGS))
        pointed = {
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_API_KEY": self.key,
            **({"GEMINI_MODEL": model} if model else {}),
        }
        return start("gemini-cli", self.place, prompt, pointed)


def run(
    command: list[str], place: Place, extra: Mapping[str, str], limit: float
) -> Ran:
    """Run a command in a place until its end, or at most `limit` seconds."""
    began = time.monotonic()
    # A group of its own: a client that hangs is ended with all it started.
    process = subprocess.Popen(
        command,
        cwd=place.project,
        env=place.environment(extra),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err += f"\nstopped after {limit} s"
    return Ran(process.returncode, out, err, time.monotonic() - began)


def _opencode_config(url: str, model: str, package: str) -> dict[str, object]:
    chosen = {
        "name": model,
        "limit": {"context": 200_000, "output": 32_000},
        # Without both it leaves images out.
        "attachment": True,
        "modalities": {"input": ["text", "image"], "output": ["text"]},
    }
    provider = {
        "npm": package,
        "name": "Turnout",
        "options": {"baseURL": f"{url}/v1", "apiKey": "{env:TURNOUT_KEY}"},
        "models": {model: chosen},
    }
    wanted = f"turnout/{model}"
    return {
        "provider": {"turnout": provider},
        "model": wanted,
        "small_model": wanted,
    }
