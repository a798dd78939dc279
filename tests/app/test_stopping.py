from app.stopping import Stop


def state(stop: Stop) -> tuple[bool, bool, bool]:
    return stop.asked.is_set(), stop.stopped.is_set(), stop.hurry.is_set()


def test_nobody_has_asked_at_first() -> None:
    assert state(Stop()) == (False, False, False)


def test_the_second_word_hurries() -> None:
    stop = Stop()
    stop.stop()
    assert state(stop) == (True, True, False)
    stop.stop()
    assert state(stop) == (True, True, True)


def test_a_planned_restart_is_no_stop() -> None:
    stop = Stop()
    stop.supersede()
    stop.supersede()
    assert state(stop) == (True, False, False)


def test_a_stop_during_a_planned_restart_does_not_hurry() -> None:
    stop = Stop()
    stop.supersede()
    stop.stop()
    assert state(stop) == (True, True, False)


def test_superseding_what_stops_changes_nothing() -> None:
    stop = Stop()
    stop.stop()
    stop.supersede()
    assert state(stop) == (True, True, False)
