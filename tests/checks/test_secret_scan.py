from __future__ import annotations

import string

import pytest

from checks import secret_scan

_LETTERS = string.ascii_letters + string.digits

# Put together here, so that this file itself holds nothing of the shape.
_SECRETS = {
    "Anthropic key": "sk-ant-" + "api03-" + _LETTERS,
    "OpenAI key": "sk-" + "proj-" + _LETTERS,
    "Google key": "AI" + "za" + _LETTERS[:35],
    "AWS access key": "AK" + "IA" + "Q3EGZ2MJ5T7K4XWB",
    "GitHub token": "gh" + "p_" + _LETTERS[:36],
    "Turnout key": "tn" + "t_" + _LETTERS[:48],
    "private key": "-----BEGIN " + "OPENSSH PRIVATE KEY-----",
    "login in an address": "https://" + "ada:lovelace1815@" + "host.test/",
}


@pytest.mark.parametrize(("rule", "secret"), _SECRETS.items(), ids=_SECRETS)
def test_a_secret_is_found_and_not_repeated(rule: str, secret: str) -> None:
    hits = secret_scan.scan(f'first\nkey = "{secret}"\n', "a.toml")
    assert secret_scan.Hit("a.toml", 2, rule) in hits
    assert secret not in str(hits)


def test_a_marked_line_is_let_go() -> None:
    line = f'KEY = "{_SECRETS["OpenAI key"]}"  # not-a-secret: made up\n'
    assert secret_scan.scan(line, "test_x.py") == []


def test_a_made_up_key_names_itself() -> None:
    key = "sk-" + "ant-" + "canary-" + _LETTERS[:30]
    assert secret_scan.scan(key, "test_x.py") == []


@pytest.mark.parametrize(
    "text",
    [
        "task-management-and-a-long-name-that-goes-on-and-on",
        "use sk-... or sk-ant-... here",
        "https://user@host.test/path",
        "tnt_ keys are made with `turnout keys new`",
        "sha512-" + "OUxCb0sx734zJh9zGTP9oF01gZ44DCGFaw7hgD4byepjRRGyvHzg==",
    ],
)
def test_prose_and_hashes_are_none(text: str) -> None:
    assert secret_scan.scan(text, "README.md") == []


def test_the_tree_holds_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert secret_scan.main() == 0, capsys.readouterr().out
