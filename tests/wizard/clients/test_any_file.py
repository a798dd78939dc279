"""Whatever a client's files say, planning ends in a plan: no client's module raises.

A secret of the user's is in no text that people read, and in no value that is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from client_situations import HOME, KEY, URL, known
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from discovery.files import FileState
from discovery.surroundings import Surroundings
from wizard.clients import CLIENTS
from wizard.clients.terms import ClientSetup, Situation
from wizard.plan import Choice, ClientPlan, Login
from wizard.planning import plan_client
from wizard.showing import client_view

CANARY = "not-a-secret-canary-7f3c9a51e6d24b08"
# Names the clients know, with values of every kind beside them.
WORDS = st.sampled_from(
    [
        *("env", "apiKeyHelper", "model", "provider", "models", "auth", "security"),
        *("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_CUSTOM_HEADERS"),
        *("entries", "appliedId", "deploymentMode", "model_provider", "turnout"),
        *("model_providers", "openai_base_url", "selectedType", "options", "x"),
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(
        [
            *("", "x", "1", URL, f"{URL}/k/{KEY}/v1", KEY, f"x-turnout-key: {KEY}"),
            *("http://localhost:3456", "https://api.example.com", f"sk-{CANARY}"),
            *("dummy", "$NAME", "openai", "turnout"),
        ]
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4)
    ),
    max_leaves=12,
)
TEXTS = st.one_of(
    st.dictionaries(WORDS, VALUES, max_size=5).map(json.dumps),
    VALUES.map(json.dumps),
    st.text(max_size=60),
    st.lists(
        st.tuples(WORDS, LEAVES).map(lambda pair: f"{pair[0]} = {json.dumps(pair[1])}"),
        max_size=5,
    ).map("\n".join),
)
BYTES = TEXTS.map(str.encode) | st.binary(max_size=40)


def planned(
    setup: ClientSetup, choice: Choice, login: Login, platform: str, held: list[bytes]
) -> ClientPlan:
    around = Surroundings(HOME, {}, platform, choice.project)
    paths = setup.places(around, choice)
    contents: dict[Path, bytes] = dict(zip(paths, held, strict=False))
    situation = Situation(
        surroundings=around,
        choice=choice,
        login=login,
        url=URL,
        key=KEY,
        command="/opt/turnout/turnout",
        key_file=HOME / "key",
        providers=(known("anthropic"), known("openai", "client")),
        files={path: FileState(path, path, contents.get(path)) for path in paths},
    )
    return plan_client(setup, situation)


@pytest.mark.parametrize("setup", CLIENTS, ids=lambda setup: setup.id)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_file_ends_in_a_plan(setup: ClientSetup, data: st.DataObject) -> None:
    choice = Choice(
        setup.id,
        login=data.draw(st.sampled_from([None, *Login])),
        always=data.draw(st.booleans()),
        free_model=data.draw(st.booleans()),
        helper=data.draw(st.booleans()),
        project=data.draw(st.sampled_from([None, HOME / "work"])),
        over_local=data.draw(st.booleans()),
    )
    login = choice.login or data.draw(st.sampled_from(Login))
    platform = data.draw(st.sampled_from(["linux", "darwin", "win32"]))
    plan = planned(
        setup, choice, login, platform, data.draw(st.lists(BYTES, max_size=4))
    )
    assert plan.client == setup.id
    assert CANARY not in repr(client_view(plan, HOME))
    assert KEY not in repr(plan)
    for edit in plan.edits:
        for change in edit.changes:
            if not change.same:
                assert CANARY not in repr(change.before), change.path
