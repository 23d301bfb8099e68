"""500 deliveries in 10 seconds to a real `grader serve`, which is killed with SIGKILL twice: how long answers take.

Run: python benchmarks/webhook.py [--deliveries 500] [--seconds 10] [--commits 120] [--with-model 10] [--kills 2]
The service runs on this machine with its own processes, on repositories in a folder and a GitHub played by the tests'
server. A fifth of the deliveries are repeats of earlier ones (same id), and commits come in several deliveries (another
id). Some commits are never delivered at all. Most hold no model, so that the queue is what is measured; `--with-model`
of them hold the demo model and are built in the sandbox. Exit code 1 where a commit whose delivery was acknowledged is
not graded exactly once, or a commit that is open is not graded after the sweep.
"""

import argparse
import random
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "web" / "service"), str(ROOT / "tests" / "github")]

import httpx  # noqa: E402
from a_service import TOKEN, push, signed  # noqa: E402
from fake_github import FakeGitHub, serve_fake_github  # noqa: E402
from running_service import Service, add_commit, new_repository, service_in  # noqa: E402

_ASSIGNMENT = "  - {name: mnist, rubric: demo, repositories: ['course/mnist-*'], train: false, publish: [check]}\n"
_FORGE_TOKEN = "ghs_reader_and_writer"
_UNHEARD = 5  # repositories whose newest commit nobody delivers
_LATE = 0.1  # seconds: an answer that takes longer is counted


def main() -> None:
    """Deliver, kill, wait, count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deliveries", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--commits", type=int, default=120)
    parser.add_argument("--with-model", type=int, default=10)
    parser.add_argument("--kills", type=int, default=2)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, serve_fake_github() as github:
        folder = Path(place)
        commits = _repositories(folder, github, asked.commits, asked.with_model)
        github.add_token(_FORGE_TOKEN, "grader[bot]")
        secrets = {"GITHUB_TOKEN": _FORGE_TOKEN}
        with service_in(folder, github.api, _ASSIGNMENT, secrets=secrets) as service:
            sys.exit(_measure(service, github, commits, asked))


def _measure(service: Service, github: FakeGitHub, commits: list[tuple[str, str]], asked: argparse.Namespace) -> int:
    service.start()
    sending = _Sending(service.url, _plan(commits, asked.deliveries), asked.seconds)
    sending.start()
    for number in range(1, asked.kills + 1):
        moment = sending.began + asked.seconds * number / (asked.kills + 1)
        time.sleep(max(0.0, moment - time.monotonic()))
        service.kill()
        print(
            f"killed after {time.monotonic() - sending.began:.1f} s, {len(sending.acknowledged)} commits acknowledged"
        )
        service.start(ready=False)
    sending.join()
    began = time.monotonic()
    expected = sending.acknowledged | {commit for name, commit in _heads(commits)}
    service.until(lambda: _done(service, len(expected)), "everything is graded", 1800)
    print(f"graded {len(expected)} commits, {time.monotonic() - began:.0f} s after the last delivery")
    service.until(lambda: _posted(github) >= len(expected), "everything is posted", 600)
    return _judge(service, github, sending, expected)


def _judge(service: Service, github: FakeGitHub, sending: "_Sending", expected: set[str]) -> int:
    jobs = _jobs(service)
    often = Counter(job["commit"] for job in jobs)
    checks = Counter(check["head_sha"] for one in github.repositories.values() for check in one.checks.values())
    wrong = [commit for commit in expected if often[commit] != 1 or checks[commit] != 1]
    states, tried = Counter(job["state"] for job in jobs), Counter(job["attempts"] for job in jobs)
    times = sorted(sending.times)
    print(f"{sending.sent} deliveries, {len(times)} answered 202, {sending.lost} met a service that was down")
    print(
        f"jobs by state: {dict(states)}; by attempts: {dict(tried)}; causes: {dict(Counter(j['cause'] for j in jobs))}"
    )
    for share in (50, 90, 95, 99, 100):
        longest = times[min(len(times) - 1, len(times) * share // 100)]
        print(f"  {share:3d} % of the answers within {1000 * longest:.1f} ms")
    print(f"  mean {1000 * statistics.fmean(times):.1f} ms; {sum(t > _LATE for t in times)} took longer than 100 ms")
    print(f"commits not graded and posted exactly once: {len(wrong)}")
    return 1 if wrong or set(states) != {"done"} else 0


class _Sending(threading.Thread):
    """Delivers a plan at an even pace, as GitHub does: what meets a service that is down is not tried again."""

    def __init__(self, url: str, plan: list[tuple[str, str, str]], seconds: float) -> None:
        super().__init__(daemon=True)
        self._url, self._plan, self._seconds = url, plan, seconds
        self.began = time.monotonic()
        self.acknowledged: set[str] = set()
        self.times: list[float] = []
        self.sent = self.lost = 0

    def run(self) -> None:
        with (
            httpx.Client(timeout=30, limits=httpx.Limits(max_connections=32)) as client,
            ThreadPoolExecutor(16) as pool,
        ):
            for number, one in enumerate(self._plan):
                time.sleep(max(0.0, self.began + number * self._seconds / len(self._plan) - time.monotonic()))
                self.sent += 1
                pool.submit(self._deliver, client, *one)

    def _deliver(self, client: httpx.Client, identifier: str, repository: str, commit: str) -> None:
        content = signed("push", push(repository, commit), identifier)
        began = time.perf_counter()
        try:
            answer = client.post(f"{self._url}/webhook", **content)
        except httpx.TransportError:
            self.lost += 1
            return
        self.times.append(time.perf_counter() - began)
        assert answer.status_code == 202, answer.text
        self.acknowledged.add(commit)


def _plan(commits: list[tuple[str, str]], deliveries: int) -> list[tuple[str, str, str]]:
    """(id, repository, commit): commits in several deliveries, a fifth of which come twice."""
    draw = random.Random(6)  # the same plan each time
    told = [one for one in commits if one not in _unheard(commits)]
    plan: list[tuple[str, str, str]] = []
    while len(plan) < deliveries:
        if plan and draw.random() < 0.2:
            plan.append(draw.choice(plan))
        else:
            plan.append((f"delivery-{len(plan)}", *told[len(plan) % len(told)]))
    return plan


def _heads(commits: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The newest commit of each repository."""
    return list({name: (name, commit) for name, commit in commits}.values())


def _unheard(commits: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return _heads(commits)[:_UNHEARD]


def _repositories(folder: Path, github: FakeGitHub, commits: int, with_model: int) -> list[tuple[str, str]]:
    """(repository, commit), the oldest first, six in each."""
    model = (ROOT / "reference_models" / "demo" / "model.py").read_text()
    made = []
    for number in range(commits):
        name = f"course/mnist-s{number // 6}"
        place = folder / "repositories" / name
        if not place.exists():
            new_repository(place)
            github.add_repository(name)
        files = {"README.md": f"{number}\n"}
        if number < with_model:
            files["model.py"] = model
        elif (place / "model.py").exists():
            (place / "model.py").unlink()
        made.append((name, add_commit(place, files, number)))
        github.repositories[name].push(made[-1][1])
    return made


def _jobs(service: Service) -> list[dict[str, object]]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    found: list[dict[str, object]] = service.client.get(f"{service.url}/api/jobs?most=500", headers=headers).json()
    return found


def _done(service: Service, many: int) -> bool:
    time.sleep(1)
    try:
        jobs = _jobs(service)
    except httpx.TransportError:
        return False
    return len(jobs) >= many and all(job["state"] in ("done", "dead", "gone") for job in jobs)


def _posted(github: FakeGitHub) -> int:
    return sum(len(one.checks) for one in github.repositories.values())


if __name__ == "__main__":
    main()
