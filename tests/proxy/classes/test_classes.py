"""Requests get their class by rules; an unsure one is never taken for a cheap one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.classes import Classified, classify, read_rules, shipped_rules
from proxy.classes.looks import look
from proxy.classes.phrases import OTHER, phrases
from proxy.glance import Glance
from proxy.guard import Endpoint
from proxy.profiles import shipped_profiles
from proxy.routing.facts import RouteClass, Size

_NEVER_CHEAP = """
rename the table users to accounts without downtime, both versions run meanwhile
Format the disk image correctly so the bootloader finds it
Delete the user's data from all backups and prove nothing is left
change the default branch protection and merge queue for the org
add a comment on each function in the package and fix any bugs you see
bump the version of react to 19 and fix what breaks
replace the mutex with an atomic
set retries to 5 and explain why the request still times out
remove the unused lock in Session, I think nothing needs it
add an index to users.email
sort the results by relevance using a learned model
change class hierarchy so that Cat no longer inherits Dog
rename endpoints /v1 to /v2 and keep clients working
fix the typo, then refactor the auth module
fix the typo that makes two threads deadlock
change the hashing from md5 to argon2
make the timeout 30 instead of 10 on all services
fix the grammar of the SQL parser so it accepts nested expressions
add type hints to the whole package
fix indentation errors in the YAML generator's output when lists nest
uncomment the disabled auth check and make sure login works
remove the import cycle between models and services
add missing import and find why the plugin registry is empty at startup
toggle the feature flag for 5% of users gradually
update the year calculation for leap years
double quotes in CSV fields break the importer
do not rename anything, only tell me whether the lock is right
only this worker dies, nothing else
continue
yes
?
""".strip().splitlines()


def _asked(text: str, *tools: str, **more: object) -> Classified:
    seen = Glance(human=text, tools=tools, **more)  # type: ignore[arg-type]
    return classify(seen, shipped_profiles()["unknown"], "", shipped_rules())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("rename getUser to fetchUser in api.ts", RouteClass.CHEAP_EDIT),
        ("there is a typo in the heading of README.md", RouteClass.CHEAP_EDIT),
        ("add a docstring to parse()", RouteClass.CHEAP_EDIT),
        ("Bitte den Tippfehler in der Überschrift beheben", RouteClass.CHEAP_EDIT),
        ("write a function that groups orders by day", RouteClass.FAST_CODE),
        ("how do I read a file line by line in Go?", RouteClass.FAST_CODE),
        ("écris une fonction qui trie des dates", RouteClass.FAST_CODE),
        ("写一个函数解析日期", RouteClass.FAST_CODE),
        (
            "there is a race condition between the two writers",
            RouteClass.DEEP_REASONING,
        ),
        ("ultrathink about the retry policy", RouteClass.DEEP_REASONING),
        ("这里有死锁", RouteClass.DEEP_REASONING),
        ("デッドロックの原因を調査して", RouteClass.DEEP_REASONING),
        ("diseña la arquitectura del servicio", RouteClass.DEEP_REASONING),
        ("run the tests and fix what fails", RouteClass.TOOL_HEAVY),
        ("migrate every file in src to the new client", RouteClass.TOOL_HEAVY),
        ("1. pull\n2. build it\n3. run the app\n4. report", RouteClass.TOOL_HEAVY),
        ("and now?", RouteClass.FALLBACK_SAFE),
        ("täna on ilus ilm", RouteClass.FALLBACK_SAFE),
    ],
)
def test_what_people_ask(text: str, wanted: RouteClass) -> None:
    assert _asked(text, "Bash").route_class is wanted


@pytest.mark.parametrize("text", _NEVER_CHEAP)
@pytest.mark.parametrize("tools", [(), ("Bash",)])
def test_what_only_looks_small_is_never_cheap(
    text: str, tools: tuple[str, ...]
) -> None:
    assert _asked(text, *tools).route_class is not RouteClass.CHEAP_EDIT


def test_many_steps_need_tools() -> None:
    text = "run the tests until they pass"
    assert _asked(text, "Bash").route_class is RouteClass.TOOL_HEAVY
    assert _asked(text).route_class is RouteClass.FALLBACK_SAFE


def test_pasted_code_and_quotes_are_no_words() -> None:
    text = 'hm\n```\nrename typo deadlock\n```\n`rename` "deadlock" fix_typo.py'
    assert _asked(text).route_class is RouteClass.FALLBACK_SAFE


def test_a_long_text_is_never_a_cheap_edit() -> None:
    text = "fix the typo " + "and more words about it " * 40
    assert _asked(text).route_class is not RouteClass.CHEAP_EDIT


def test_size_alone_makes_a_long_context() -> None:
    big = Size(150_000, 110_000, 190_000, "bytes")
    found = _asked("fix the typo", size=big)
    assert found.route_class is RouteClass.LONG_CONTEXT
    assert found.evidence == ("its input is about 150,000 tokens long",)


def test_no_text_is_unsure() -> None:
    assert _asked("").route_class is RouteClass.FALLBACK_SAFE


def test_a_step_with_tools_keeps_its_class_and_says_so() -> None:
    first = _asked("fix the typo in README.md", "Edit")
    later = _asked("fix the typo in README.md", "Edit", continues=True)
    assert first.route_class is later.route_class is RouteClass.CHEAP_EDIT
    assert later.evidence[:-1] == first.evidence
    assert later.evidence[-1].startswith("a step with tools")


@given(st.text(max_size=300), st.booleans())
def test_evidence_is_short_and_none_of_the_text(text: str, tools: bool) -> None:
    found = _asked(text, *(["Bash"] if tools else []))
    assert 1 <= len(found.evidence) <= 3
    rules = shipped_rules()
    said = {cue.says for cue in rules.cues} | {shape.says for shape in rules.shapes}
    ours = ("nothing tells", "it asks for a small", "no person's", "its input")
    assert all(each in said or each.startswith(ours) for each in found.evidence)
    assert found == _asked(text, *(["Bash"] if tools else []))


def test_hostile_texts_take_no_longer() -> None:
    for piece in ("fix ", "a.", "run the ", "`", '"', "1. ", "_", "\n    at ", "```"):
        began = time.perf_counter()
        _asked(piece * (1_000_000 // len(piece)), "Bash")
        assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("client", "seen", "kind"),
    [
        (
            "claude-code",
            Glance(human="Please write a 5-10 word title for this: fix the typo"),
            "title",
        ),
        (
            "claude-code",
            Glance(
                human="hi",
                system="Analyze if this message indicates a new conversation topic.",
            ),
            "topic",
        ),
        ("claude-code", Glance(human="quota", output=1, messages=1), "probe"),
        (
            "claude-code",
            Glance(
                human="Your task is to create a detailed summary of the conversation"
                " so far, paying close attention",
                tools=("Bash",),
            ),
            "compaction",
        ),
        ("claude-code", Glance(human="<policy_spec>\n# Bash"), "prefix"),
        (
            "codex",
            Glance(human="You are performing a CONTEXT CHECKPOINT COMPACTION."),
            "compaction",
        ),
        (
            "opencode",
            Glance(system="You are a title generator. You output ONLY a title."),
            "title",
        ),
        (
            "gemini-cli",
            Glance(system="You are a specialized Task Routing AI.", structured=True),
            "routing",
        ),
        (
            "gemini-cli",
            Glance(
                human="Analyze *only* the content and structure of your immediately"
                " preceding response"
            ),
            "routing",
        ),
        ("unknown", Glance(system="You are a title generator."), "title"),
    ],
)
def test_a_clients_own_requests(client: str, seen: Glance, kind: str) -> None:
    found = classify(seen, shipped_profiles()[client], "", shipped_rules())
    assert (found.route_class, found.housekeeping) == (RouteClass.HOUSEKEEPING, kind)
    assert found.evidence == (f"it is the client's own request: {kind}",)


@pytest.mark.parametrize(
    "seen",
    [
        # A person asks for a title, with the tools of a real turn.
        Glance(human="Please write a 5-10 word title for my post", tools=("Bash",)),
        Glance(human="write code", output=1, messages=3),
        Glance(human="what is a title generator", system="You are a coder."),
        # The phrase stands far down in something pasted.
        Glance(human="x " * 2_000 + "please write a 5-10 word title"),
    ],
)
def test_a_persons_request_is_no_housekeeping(seen: Glance) -> None:
    profile = shipped_profiles()["claude-code"]
    assert classify(seen, profile, "", shipped_rules()).housekeeping is None


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        (Endpoint.COUNT_MESSAGES, "probe"),
        (Endpoint.COMPACT, "compaction"),
        (Endpoint.MESSAGES, None),
    ],
)
def test_the_endpoint_tells_too(endpoint: Endpoint, kind: str | None) -> None:
    profile = shipped_profiles()["codex"]
    found = classify(Glance(human="hello"), profile, endpoint, shipped_rules())
    assert found.housekeeping == kind


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("fix it", "please fix it now", True),
        ("fix it", "fix all of it", False),
        ("fix .. it", "fix all of it", True),
        ("fix .. it", "fix one two three four five six it", False),
        ("refactor*", "refactoring", True),
        ("refactor", "refactoring", False),
        ("set @ to #", f"set {OTHER} to 5", True),
        ("set @ to #", "set this to 5", False),
        ("rename", "do not rename", False),
        ("rename", "not now later rename", True),
    ],
)
def test_phrases(phrase: str, text: str, found: bool) -> None:
    assert bool(phrases([(phrase, 1)]).found(text.split())) is found


@pytest.mark.parametrize("phrase", ["", ".. a", "a*", "a-b", "ab* c"])
def test_phrases_that_cannot_be_looked_for(phrase: str) -> None:
    with pytest.raises(ValueError, match="phrase"):
        phrases([(phrase, 1)])


def test_looks_are_counted() -> None:
    found = look(
        'Fix `x` in a.py, b/c.py and c.py\n- one\n- two\n```\ncode\n```\n"q w"'
    )
    assert (found.files, found.steps, found.code, found.traces) == (3, 2, 1, 0)
    assert found.words[:4] == ("fix", OTHER, "in", OTHER)
    assert look("Traceback (most recent call last)").traces == 1
    assert look('"quoted as a whole"').words == ("quoted", "as", "a", "whole")


def test_rules_of_another_file() -> None:
    text = """
    long_context_tokens = 10
    threshold = 1
    margin = 1
    rival = 0
    cheap_words = 9
    [[cue]]
    says = "is polite"
    weights = { deep_reasoning = 1 }
    words = ["please"]
    """
    rules = read_rules(text)
    profile = shipped_profiles()["unknown"]
    found = classify(Glance(human="Please!"), profile, "", rules)
    assert found == Classified(RouteClass.DEEP_REASONING, ("is polite",))
    with pytest.raises(ValueError):
        read_rules(text.replace("deep_reasoning", "very_deep"))
