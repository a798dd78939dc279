"""Tells whether programs are signed in, by files whose tokens are left alone.

It must not hand on, keep or compare a token: only that one is there, and of which kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from discovery.findings import Confidence, KeyFound, KeySource, SignIn
from discovery.folders import (
    claude_folder,
    claude_state,
    codex_folder,
    gemini_folder,
    qwen_folder,
)
from discovery.settings_text import (
    dotenv_of,
    json_of,
    place_shown,
    table_of,
    text_of,
    toml_of,
    word_of,
)
from discovery.surroundings import Surroundings

_AWS_PROFILE = re.compile(r"\s*\[\s*(?:profile\s+)?([\w.@+-]{1,60})\s*\]")
_STAYS = "Signed in. The sign-in stays with {name}; Turnout never copies it."
_PRESENT = "A credential is present. Turnout does not use it by itself."
# What prints the gateway's key is no sign-in of the user's.
_OUR_HELPER = "keys show claude-code"
_GOOGLE_KINDS = frozenset({"authorized_user", "service_account", "external_account"})


# --- how a client signs in ---


def sign_in_of(client: str, surroundings: Surroundings) -> SignIn:
    """Return how a client signs in upstream, as far as its own files tell."""
    ask = _ASKED.get(client)
    return ask(surroundings) if ask else SignIn.UNKNOWN


def _claude_code(surroundings: Surroundings) -> SignIn:
    settings = json_of(claude_folder(surroundings) / "settings.json")
    env = table_of(settings.get("env"))
    names = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")
    own = any(_foreign(word_of(env.get(name))) for name in names)
    helper = word_of(settings.get("apiKeyHelper"))
    if (helper and _OUR_HELPER not in helper) or own:
        return SignIn.KEY
    if any(_foreign(surroundings.environ.get(name, "")) for name in names):
        return SignIn.KEY
    state = claude_state(surroundings)
    if table_of(json_of(state).get("oauthAccount")):
        return SignIn.SUBSCRIPTION
    if (claude_folder(surroundings) / ".credentials.json").is_file():
        return SignIn.SUBSCRIPTION
    return SignIn.NONE if text_of(state) is not None else SignIn.UNKNOWN


def _codex(surroundings: Surroundings) -> SignIn:
    folder = codex_folder(surroundings)
    kept = json_of(folder / "auth.json")
    if table_of(kept.get("tokens")):
        return SignIn.SUBSCRIPTION
    if _foreign(word_of(kept.get("OPENAI_API_KEY"))):
        return SignIn.KEY
    store = toml_of(folder / "config.toml").get("cli_auth_credentials_store")
    # In the system keyring, or one of the two: it is not ours to look there.
    return SignIn.UNKNOWN if store in {"keyring", "auto"} else SignIn.NONE


def _gemini_cli(surroundings: Surroundings) -> SignIn:
    kinds = {
        "oauth-personal": SignIn.SUBSCRIPTION,
        "gemini-api-key": SignIn.KEY,
        "vertex-ai": SignIn.KEY,
    }
    folder = gemini_folder(surroundings)
    names = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    return _not_ours(_selected(folder, kinds), folder, names, surroundings)


def _qwen_code(surroundings: Surroundings) -> SignIn:
    kinds = {"qwen-oauth": SignIn.SUBSCRIPTION, "openai": SignIn.KEY}
    folder = qwen_folder(surroundings)
    names = ("OPENAI_API_KEY",)
    return _not_ours(_selected(folder, kinds), folder, names, surroundings)


def _not_ours(
    sign_in: SignIn, folder: Path, names: tuple[str, ...], surroundings: Surroundings
) -> SignIn:
    """Return how a client signs in where its only key may be the gateway's."""
    if sign_in is not SignIn.KEY:
        return sign_in
    held = dotenv_of(folder / ".env")
    told = (held[name][1] if name in held else "" for name in names)
    exported = (surroundings.environ.get(name, "") for name in names)
    given = [value for value in (*told, *exported) if value]
    return SignIn.NONE if given and not any(map(_foreign, given)) else sign_in


def _selected(folder: Path, kinds: Mapping[str, SignIn]) -> SignIn:
    security = table_of(json_of(folder / "settings.json").get("security"))
    kind = word_of(table_of(security.get("auth")).get("selectedType"))
    return kinds.get(kind, SignIn.UNKNOWN)


def _foreign(value: str) -> bool:
    return bool(value) and not value.startswith("tnt_")


_ASKED: Final[Mapping[str, Callable[[Surroundings], SignIn]]] = {
    "claude-code": _claude_code,
    "codex": _codex,
    "gemini-cli": _gemini_cli,
    "qwen-code": _qwen_code,
}


# --- what is signed in ---


def logins(surroundings: Surroundings) -> Iterator[KeyFound]:
    """Yield the sign-ins of clients and clouds; none of them has a part of a token."""
    yield from _client_logins(surroundings)
    yield from _cloud_logins(surroundings)


def _client_logins(surroundings: Surroundings) -> Iterator[KeyFound]:
    claude, codex = claude_state(surroundings), codex_folder(surroundings)
    if sign_in_of("claude-code", surroundings) is SignIn.SUBSCRIPTION:
        yield _login(surroundings, "anthropic", "Claude Code", claude)
    match sign_in_of("codex", surroundings):
        case SignIn.SUBSCRIPTION:
            yield _login(surroundings, "chatgpt", "Codex", codex / "auth.json")
        case SignIn.KEY:
            note = "Codex keeps an API key of its own."
            found = _login(surroundings, "openai", "Codex", codex / "auth.json", note)
            yield found
        case _:
            pass
    for name, path in (
        ("Gemini CLI", gemini_folder(surroundings) / "oauth_creds.json"),
        ("Qwen Code", qwen_folder(surroundings) / "oauth_creds.json"),
        ("opencode", surroundings.data_home / "opencode" / "auth.json"),
        (
            "GitHub Copilot",
            surroundings.config_home / "github-copilot" / "apps.json",
        ),
        (
            "GitHub Copilot",
            surroundings.config_home / "github-copilot" / "hosts.json",
        ),
    ):
        if _has_content(path):
            yield _login(surroundings, "", name, path)


def _cloud_logins(surroundings: Surroundings) -> Iterator[KeyFound]:
    for profile, path in _aws_profiles(surroundings):
        yield _present(surroundings, f"AWS profile {profile}", path)
    google = _google_file(surroundings)
    kind = word_of(json_of(google).get("type"))
    if kind or _has_content(google):
        known = kind if kind in _GOOGLE_KINDS else "of an unknown kind"
        name = f"Google Cloud default credentials ({known.replace('_', ' ')})"
        yield _present(surroundings, name, google)
    environ, home = surroundings.environ, surroundings.home
    hub = Path(environ.get("HF_HOME") or home / ".cache" / "huggingface")
    for name, path in (
        ("Azure CLI", home / ".azure" / "azureProfile.json"),
        ("Hugging Face", hub / "token"),
        ("GitHub CLI", surroundings.config_home / "gh" / "hosts.yml"),
    ):
        if _has_content(path):
            yield _present(surroundings, name, path)


def _aws_profiles(surroundings: Surroundings) -> Iterator[tuple[str, Path]]:
    environ, folder = surroundings.environ, surroundings.home / ".aws"
    told: set[str] = set()
    for variable, usual in (
        ("AWS_CONFIG_FILE", folder / "config"),
        ("AWS_SHARED_CREDENTIALS_FILE", folder / "credentials"),
    ):
        path = Path(environ.get(variable) or usual)
        for line in (text_of(path) or "").splitlines():
            match = _AWS_PROFILE.match(line)
            if match and match[1] not in told:
                told.add(match[1])
                yield match[1], path


def _google_file(surroundings: Surroundings) -> Path:
    named = surroundings.environ.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    if named:
        return Path(named)
    if surroundings.platform == "win32":
        roaming = surroundings.environ.get("APPDATA")
        folder = Path(roaming) if roaming else surroundings.home / "AppData" / "Roaming"
    else:
        folder = surroundings.home / ".config"
    return folder / "gcloud" / "application_default_credentials.json"


def _has_content(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > 2
    except OSError:
        return False


def _login(
    surroundings: Surroundings, provider: str, name: str, path: Path, note: str = ""
) -> KeyFound:
    return KeyFound(
        provider=provider,
        name=name,
        variable="",
        source=KeySource.LOGIN,
        where=place_shown(path, surroundings),
        last4="",
        reference="",
        confidence=Confidence.LIKELY,
        gives=_STAYS.format(name=name),
        notes=(note,) if note else (),
    )


def _present(surroundings: Surroundings, name: str, path: Path) -> KeyFound:
    return KeyFound(
        provider="",
        name=name,
        variable="",
        source=KeySource.LOGIN,
        where=place_shown(path, surroundings),
        last4="",
        reference="",
        confidence=Confidence.HINT,
        gives=_PRESENT,
    )
