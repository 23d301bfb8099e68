"""Time, memory, processes and output of a run are bounded, whatever it does."""

import os
import time

import pytest

BACKENDS = ["bubblewrap", "process"]


@pytest.fixture(params=BACKENDS)
def sandbox(request):
    return request.getfixturevalue(request.param)


def test_an_endless_loop_ends_at_the_wall_time(sandbox, run, running):
    started, token = time.monotonic(), f"token-{os.getpid()}-loop"
    result = run(sandbox, f"while True: pass  # {token}", wall_seconds=0.5)
    assert result.status == "timeout"
    assert result.exit_code is None
    assert time.monotonic() - started < 5
    assert running(token) == []


def test_cpu_time_is_bounded_too(sandbox, run):
    result = run(sandbox, "while True: pass", cpu_seconds=1)
    assert result.status == "timeout"
    assert result.seconds < 10


def test_what_was_written_before_the_end_is_still_read(sandbox, run):
    source = "import os, time\nopen(os.environ['OUTPUT_FOLDER'] + '/a', 'w').write('1')\ntime.sleep(60)"
    assert run(sandbox, source, outputs=("a",), wall_seconds=1).files == {"a": b"1"}


def test_printing_without_end_is_stopped_and_not_kept(sandbox, run):
    started = time.monotonic()
    result = run(sandbox, "import os\nwhile True: os.write(1, b'x' * 65536)", output_bytes=32 << 20)
    assert result.status == "output_limit"
    assert len(result.stdout) == 64 * 1024
    assert time.monotonic() - started < 10


def test_the_end_of_both_streams_is_kept(sandbox, run):
    source = "import sys\nprint('a' * 100, 'end')\nprint('b' * 100, 'END \\udcff', file=sys.stderr)"
    result = run(sandbox, source.replace("\\udcff", "ü"), stdout_bytes=10)
    assert result.stdout == "aaaaa end\n"
    assert result.stderr.endswith("END ü\n")


def test_bytes_that_are_not_text_are_replaced(sandbox, run):
    assert run(sandbox, "import os; os.write(1, b'\\xff\\xfe')").stdout == "\ufffd\ufffd"


def test_allocating_100_gigabytes_is_a_memory_error(sandbox, run):
    result = run(sandbox, "bytearray(100 << 30)")
    assert result.exit_code == 1
    assert "MemoryError" in result.stderr


def test_peak_memory_is_measured(sandbox, run):
    result = run(sandbox, "import time\nblock = bytearray(b'x') * (50 << 20)\ntime.sleep(0.3)")
    assert 50 << 20 < result.peak_memory_bytes < 120 << 20


def test_leaving_early_is_no_proof_of_anything(sandbox, run):
    result = run(sandbox, "import os; os._exit(0)", outputs=("result.json",))
    assert (result.status, result.exit_code, result.files) == ("exited", 0, {})


def test_a_signal_is_told_from_an_exit(sandbox, run):
    assert run(sandbox, "import os; os.kill(os.getpid(), 9)").status == "killed"
    result = run(sandbox, "import os; os.kill(os.getpid(), 11)")
    assert (result.status, result.exit_code) == ("exited", 139)


def test_many_files_are_stopped(sandbox, run):
    source = "import os\nfor n in range(10**7): open(os.environ['OUTPUT_FOLDER'] + f'/{n}', 'w').close()"
    assert run(sandbox, source, files=500).status == "output_limit"


def test_one_file_is_bounded(sandbox, run):
    source = "import os\nopen(os.environ['OUTPUT_FOLDER'] + '/a', 'wb').write(bytes(3 << 20))"
    result = run(sandbox, source, outputs=("a",), output_bytes=1 << 20)
    assert "File too large" in result.stderr
    assert len(result.files.get("a", b"")) <= 1 << 20


def test_a_fork_bomb_is_bounded(bubblewrap, run, running):
    token = f"token-{os.getpid()}-bomb"
    source = f"""
    import os, time
    count = 0
    while True:  # {token}
        try:
            if os.fork() == 0:
                time.sleep(60)
            count += 1
        except OSError:
            print(count)
            break
    """
    result = run(bubblewrap, source, processes=20)
    assert result.status == "exited"
    assert 10 <= int(result.stdout) <= 20
    assert running(token) == []


def test_the_memory_file_systems_are_bounded(bubblewrap, run):
    source = """
    import errno
    for folder in ("/tmp", "/dev/shm", "/out"):
        try:
            for n in range(10_000):
                open(f"{folder}/{n}", "wb").write(bytes(1 << 20))
        except OSError as error:
            print(folder, n, error.errno == errno.ENOSPC)
    """
    lines = run(bubblewrap, source, output_bytes=4 << 20).stdout.splitlines()
    assert lines == ["/tmp 256 True", "/dev/shm 64 True", "/out 8 True"]


def test_starting_costs_little(bubblewrap, run):
    run(bubblewrap, "")
    assert min(run(bubblewrap, "").seconds for _ in range(5)) < 0.25
