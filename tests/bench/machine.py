"""Names the machine in general terms and asks it what processes cost."""

import platform
import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from bench.targets import nginx_path


def described() -> str:
    """Processor, cores, kernel and versions; neither a name nor a path."""
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    model = found[1] if found else platform.machine()
    told = subprocess.run(
        [nginx_path(), "-v"], capture_output=True, text=True, check=True
    ).stderr
    nginx = told.rpartition("/")[2].strip()
    kernel = re.match(r"[\d.]+", platform.release())
    return (
        f"{model}, {psutil.cpu_count()} cores, Linux {kernel[0] if kernel else ''}, "
        f"Python {platform.python_version()}, nginx {nginx}"
    )


def load() -> float:
    """How many processes have wanted a core in the last minute."""
    return psutil.getloadavg()[0]


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """What processes have used of the processors so far."""
    times = [process.cpu_times() for process in processes]
    return sum(each.user + each.system for each in times)


def busy_nanoseconds(processes: Iterable[psutil.Process]) -> int:
    """What the gateway among the processes has used of the processors, to the ns.

    The kernel's own clock of each thread (schedstat): the other one ticks in 10 ms.
    """
    tasks = Path(f"/proc/{_gateway(processes).pid}/task")
    return sum(
        int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()
    )


def gateway_memory(processes: Iterable[psutil.Process]) -> float:
    """PSS of the gateway among the processes, in bytes."""
    return _pss(_gateway(processes).pid) * 1e6


def _gateway(processes: Iterable[psutil.Process]) -> psutil.Process:
    return next(each for each in processes if _role(each) == "gateway")


def idle_share(processes: Iterable[psutil.Process], seconds: float) -> float:
    """The share of one core that processes use while nobody asks them anything."""
    watched = tuple(processes)
    before = cpu_seconds(watched)
    time.sleep(seconds)
    return (cpu_seconds(watched) - before) / seconds


def memory(processes: Iterable[psutil.Process]) -> Mapping[str, float]:
    """PSS in MB (10**6 bytes) by what the process is: each shared page counts once."""
    return {_role(process): _pss(process.pid) for process in processes}


def _pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _role(process: psutil.Process) -> str:
    words = process.cmdline()
    if any(word.endswith("keeper.py") for word in words):
        return "keeper"
    return words[-1] if words[-1] == "gateway" else "tray"
