"""logs."""

from app.commands import logs
from app.logs import LOG_NAME
from app.services import Services

LINE = '{"time":"2026-11-21T08:00:00Z","level":"info","event":"e","detail":"%d"}\n'


async def test_the_last_lines_of_the_log_and_what_follows(alone: Services) -> None:
    path = alone.paths.logs / LOG_NAME
    path.write_text("".join(LINE % number for number in range(60)))
    page = await logs.logs(alone)
    assert [line.detail for line in page.lines] == [str(n) for n in range(10, 60)]
    assert len((await logs.logs(alone, lines=3)).lines) == 3
    path.write_text(path.read_text() + LINE % 60)
    later = await logs.logs(alone, since=page.cursor)
    assert [line.detail for line in later.lines] == ["60"]
