"""The coordinator: it alone writes to the store, and sends each submission on its way."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from grader.batch.run.executor import Executor
from grader.batch.run.journey import Fatal, Journey, Office
from grader.batch.run.keys import work_key
from grader.batch.run.ledger import Ledger
from grader.batch.run.outcome import write_outcome
from grader.batch.run.settings import BatchSettings
from grader.batch.run.shared_training import SharedTraining
from grader.batch.run.train_part import Machine, MachineTask, describe_machine
from grader.batch.run.watch import Watch
from grader.checks.run import training_goal
from grader.errors import UsageError
from grader.intake import git_command
from grader.model.result import Result
from grader.model.roster import Roster
from grader.model.work import State, StoredSubmission
from grader.sandbox.base import Sandbox
from grader.sandbox.select import select
from grader.store import batches
from grader.store.engine import Store

_MACHINE_SECONDS = 300.0
_PULSE_SECONDS = 0.5  # between looks for Ctrl-C


def run_batch(
    roster: Roster, settings: BatchSettings, store: Store, executor: Executor, watch: Watch
) -> Counter[Result]:
    """Grade who of the roster has no result yet, write the results, and return how many of all students have which.

    On Ctrl-C what runs is stopped, the results so far are written, and KeyboardInterrupt goes on; the store is left so
    that the next call goes on from there. Raises UsageError for a student that is not there, SandboxError and DataError
    for what this machine lacks, StoreError where the store fails, GraderError where results can't be written.
    """
    sandbox = select(settings.sandbox)
    machine = machine_of(settings, executor)
    ledger = Ledger(store)
    batch, wanted = _begin(roster, settings, ledger, machine, sandbox)
    watch.begun(len(roster.entries), len(wanted))
    office = Office(
        settings=settings,
        ledger=ledger,
        executor=executor,
        trainings=SharedTraining(executor, ledger, machine, again=settings.who.force),
        machine=machine,
        sandbox=sandbox,
        watch=watch,
        clones=threading.Semaphore(settings.clones),
        stopping=settings.fetch.back_off.stop,
        reports=settings.out,
    )
    try:
        _travel([Journey(submission, office) for submission in wanted], office)
    except KeyboardInterrupt:
        write_outcome(store, batch, settings.out, compared=False)
        raise
    return write_outcome(store, batch, settings.out, starter=settings.starter)


def machine_of(settings: BatchSettings, executor: Executor) -> Machine:
    """What a training would run on: asked of a worker, before anything is fetched."""
    if not settings.options.train or not training_goal(settings.rubric).needed:
        return Machine.without_training()
    task = MachineTask(settings.rubric.task.dataset, settings.options.data_dir, settings.options.device)
    future = executor.submit(describe_machine, task, kind="train", timeout=_MACHINE_SECONDS, on_news=lambda _: None)
    return future.result()


def _begin(
    roster: Roster, settings: BatchSettings, ledger: Ledger, machine: Machine, sandbox: Sandbox
) -> tuple[int, list[StoredSubmission]]:
    """The batch in the store, and who is to be graded, in the order of the roster."""
    who, listed = settings.who, {entry.student for entry in roster.entries}
    if strangers := sorted(set(who.only) - listed):
        raise UsageError(f"The roster has no student {strangers[0]!r}.")
    key, title, rubric = settings.key, settings.title, settings.rubric.model_dump_json()
    batch = ledger.transact(
        lambda connection: batches.begin_batch(connection, key=key, title=title, rubric=rubric, entries=roster.entries)
    )
    chosen = [
        one
        for one in ledger.transact(lambda connection: batches.submissions(connection, batch))
        if one.entry.student in listed and (not who.only or one.entry.student in who.only)
    ]
    ours = ledger.transact(lambda connection: batches.with_error(connection, batch)) if who.failed else set()
    wanted = [one for one in chosen if one.id in ours or _is_wanted(one, settings, machine, sandbox)]
    again = [one.id for one in wanted if one.state is not State.WAITING]
    ledger.transact(lambda connection: batches.retry(connection, again))
    return batch, wanted


def _is_wanted(submission: StoredSubmission, settings: BatchSettings, machine: Machine, sandbox: Sandbox) -> bool:
    """Whether there is something to do for a student; what was graded by other rules or versions is done again."""
    who = settings.who
    match submission.state:
        case State.NOTHING:
            return False
        case State.FAILED:
            return who.failed or who.force
        case State.DONE:
            key = work_key(submission.entry, submission.commit, settings, machine, sandbox.name)
            return who.force or who.update or submission.report_key != key.digest
    return True


def _travel(journeys: Sequence[Journey], office: Office) -> None:
    """All journeys, so many at a time that no place waits for work, and no more."""
    ahead = office.settings.clones + 2 * office.executor.capacity
    with _threads(ahead, office) as pool:
        futures = [pool.submit(journey.travel) for journey in journeys]
        pending: set[Future[None]] = set(futures)
        while pending:
            done, pending = wait(pending, timeout=_PULSE_SECONDS, return_when=FIRST_EXCEPTION)
            for future in done:
                try:
                    future.result()
                except Fatal as fatal:
                    raise fatal.problem from fatal


@contextmanager
def _threads(number: int, office: Office) -> Iterator[ThreadPoolExecutor]:
    """A pool whose threads are stopped where they are when the block raises."""
    pool = ThreadPoolExecutor(number, "submission", initializer=lambda: hear(office.stopping))
    try:
        yield pool
    except BaseException:
        office.stopping.set()
        office.executor.close()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def hear(stop: threading.Event) -> None:
    """Let this thread's git commands end with the batch."""
    git_command.stopping.set(stop)
