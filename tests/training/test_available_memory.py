"""What a machine and its control groups have left, on made-up machines with known figures."""

from pathlib import Path

from grader.training.available_memory import available_memory, killed_for_memory


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in {"proc/meminfo": "MemTotal: 9000 kB\nMemAvailable:    1000 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_nine_tenths_of_what_the_machine_has_left(tmp_path: Path) -> None:
    assert available_memory(machine(tmp_path, {})) == 921_600


def test_a_control_group_above_us_has_less(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/course/job\n",
        "sys/fs/cgroup/course/job/memory.max": "max\n",
        "sys/fs/cgroup/course/job/memory.current": "5\n",
        "sys/fs/cgroup/course/memory.max": "500000\n",
        "sys/fs/cgroup/course/memory.current": "400000\n",
        "sys/fs/cgroup/course/memory.stat": "anon 1\ninactive_file 50000\nactive_file 7\n",
    }
    assert available_memory(machine(tmp_path, files)) == 135_000


def test_the_older_kind_of_control_group(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "5:cpu:/x\n4:memory,hugetlb:/job\n0::/\n",
        "sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1000\n",
        "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "2000\n",
    }
    assert available_memory(machine(tmp_path, files)) == 0


def test_a_system_that_does_not_say(tmp_path: Path) -> None:
    assert available_memory(tmp_path) is None


def test_this_machine_says_something() -> None:
    assert (available_memory() or 1) > 0
    assert killed_for_memory() >= 0
