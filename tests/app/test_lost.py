"""lost: names on record become sentences."""

from app.lost import lost, many_lost
from proxy.wire.losses import LOSSES


def test_every_name_has_its_sentence() -> None:
    assert lost(LOSSES) == tuple(LOSSES.values())
    assert all(sentence.endswith(".") for sentence in lost(LOSSES))


def test_a_name_of_another_version_is_told_as_that() -> None:
    (told,) = lost(("from_the_future",))
    assert "not known" in told


def test_they_are_counted() -> None:
    assert many_lost(()) == ""
    assert many_lost(("a",)) == "1 loss"
    assert many_lost(("a", "b")) == "2 losses"
