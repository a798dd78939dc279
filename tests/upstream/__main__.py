"""Runs the scripted provider as a process of its own.

    python tests/upstream --port-file FILE [--script coding-task] [--record FILE]

The port is written to the port file once it listens. With `--record`, one JSON
line per finished request: target, headers, body (base64) and bytes sent.
"""

import argparse
import asyncio
import base64
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from upstream.coding import coding_task
from upstream.record import Seen
from upstream.server import ScriptedUpstream, plain_answer
from upstream.turns import Script


def main() -> None:
    """Read the arguments and serve until SIGTERM or SIGINT."""
    scripts: dict[str, Script] = {"coding-task": coding_task, "plain": plain_answer}
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path)
    parser.add_argument("--script", choices=sorted(scripts), default="plain")
    parser.add_argument("--record", type=Path)
    options = parser.parse_args()
    asyncio.run(_serve(options, scripts[options.script]))


async def _serve(options: argparse.Namespace, script: Script) -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with ScriptedUpstream(script, options.port) as upstream:
        if options.port_file is not None:
            part = options.port_file.with_suffix(".part")
            part.write_text(str(upstream.port))
            part.replace(options.port_file)
        await stopped.wait()
    # A file per run, written once: a test reads it after the process ended.
    if options.record is not None:
        lines = [json.dumps(_line(seen)) for seen in upstream.requests]
        options.record.write_text("\n".join(lines))


def _line(seen: Seen) -> dict[str, object]:
    names = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in seen.headers]
    return {
        "method": seen.method,
        "target": seen.target,
        "headers": names,
        "body": base64.b64encode(seen.body).decode(),
        "sent": base64.b64encode(seen.sent).decode(),
        "time": seen.time,
        "gone": seen.gone,
    }


if __name__ == "__main__":
    main()
