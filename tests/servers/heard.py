"""What a look would have collected of a double, without any socket."""

from discovery import fingerprints as at
from discovery.answers import Answer, Answers
from servers.double import Double

_PATHS = (at.FIRST, *at.NEXT, at.LAST, at.RUNNING, at.ABILITIES)


def heard(double: Double, *without: str, named: bool = False) -> Answers:
    """All answers of a double but those at the paths `without`."""
    found = {}
    for path in _PATHS:
        reply = double.answers.get(path, double.otherwise)
        if path not in without and not reply.way and reply.length is None:
            server = dict(reply.headers).get("Server", "")
            kind = reply.kind.partition(";")[0]
            found[path] = Answer(reply.status, kind, reply.body, server)
    return Answers(found, named=named)
