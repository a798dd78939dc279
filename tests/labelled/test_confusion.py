from __future__ import annotations

from labelled.confusion import Confusion, Outcome, confusion, render
from labelled.requests import built, rows

from proxy.routing.facts import RouteClass

_DEEP, _EDIT = RouteClass.DEEP_REASONING, RouteClass.CHEAP_EDIT
_CODE, _SIDE = RouteClass.FAST_CODE, RouteClass.HOUSEKEEPING


def outcome(label: RouteClass, given: RouteClass, number: int = 0) -> Outcome:
    name = f"{label}-{given}-{number}"
    return Outcome(name, "codex", "codex", "first", label, given)


def made() -> Confusion:
    return Confusion(
        (
            outcome(_DEEP, _DEEP),
            outcome(_DEEP, _EDIT),
            outcome(_DEEP, _CODE),
            outcome(_EDIT, _EDIT),
            outcome(_EDIT, _SIDE),
            outcome(_CODE, _CODE, 1),
            outcome(_CODE, _CODE, 2),
            outcome(_SIDE, _CODE),
        )
    )


def test_shares() -> None:
    found = made()
    assert found.accuracy == 4 / 8
    assert found.precision(_EDIT) == 1 / 2
    assert found.recall(_EDIT) == 1 / 2
    assert found.recall(_DEEP) == 1 / 3
    assert found.precision(_CODE) == 2 / 4
    assert found.precision(RouteClass.LONG_CONTEXT) == 1.0


def test_unsafe_is_what_would_go_to_a_small_model_and_should_not() -> None:
    found = made()
    assert [each.given for each in found.unsafe] == [_EDIT]
    assert found.unsafe_share == 1 / 5


def test_to_leave_it_open_is_not_to_be_wrong() -> None:
    open_ = RouteClass.FALLBACK_SAFE
    assert outcome(_DEEP, open_).unsure
    assert not outcome(open_, open_).unsure
    assert not outcome(_DEEP, _CODE).unsure
    right = Confusion((outcome(_CODE, _CODE),))
    page = render(Confusion((outcome(_DEEP, open_), outcome(_DEEP, _CODE))), right)
    assert "| left open: `fallback_safe` | 1 | 2 | 50.0 % |" in page
    assert "| given another class | 1 | 2 | 50.0 % |" in page


def test_the_floor_of_a_mistake() -> None:
    assert outcome(_DEEP, _EDIT).floor == -2
    assert outcome(_DEEP, _CODE).floor == -1
    assert outcome(_EDIT, _SIDE).floor == 0
    assert outcome(_SIDE, _CODE).floor == 1


def test_the_page_counts_and_names_every_mistake() -> None:
    page = render(made(), Confusion((outcome(_DEEP, _CODE, 9),)))
    assert "| given their label | 4 | 8 | 50.0 % |" in page
    assert "| unsafe | 1 | 5 | 20.0 % |" in page
    assert "| `deep_reasoning-cheap_edit-0` | `deep_reasoning` | `cheap_edit` |" in page
    assert "| codex | 8 | 50.0 % | 1 |" in page
    assert "fast_code-fast_code" not in page
    assert "deep_reasoning-fast_code-9" not in page
    assert "| given their label | 0 | 1 | 0.0 % |" in page


def test_a_page_without_mistakes_says_so() -> None:
    right = Confusion((outcome(_CODE, _CODE),))
    assert "None." in render(right, right)


def test_each_request_is_asked_for_once() -> None:
    some = [built(row) for row in rows()[:5]]
    found = confusion(some, lambda each: each.label)
    assert [each.id for each in found.outcomes] == [each.id for each in some]
    assert found.accuracy == 1.0
