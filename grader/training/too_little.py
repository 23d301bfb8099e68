"""What is said where memory does not suffice; imports no torch."""

from grader.training.events import Refused
from grader.training.job import TrainingJob


def too_little(job: TrainingJob, detail: str = "", allowed: int | None = None) -> Refused:
    """What is said where the memory does not suffice."""
    allowed = job.memory_bytes if allowed is None else allowed
    there = f"the {gigabytes(allowed)} that a training may have here" if allowed is not None else "there is here"
    return Refused(
        kind="memory",
        message=f"Training the model needs more memory than {there}. {detail}".strip(),
        mend="Train with a smaller batch, let early layers have fewer or smaller maps, or grade on a larger machine.",
    )


def machine_ran_out() -> Refused:
    """What is said where the kernel ended the training to save the machine; who needed too much is not known."""
    return Refused(
        kind="memory",
        message="The machine ran out of memory while the model was trained, so the system ended the training.",
        mend="Grade it again with less beside it, or on a larger machine.",
    )


def gigabytes(size: int) -> str:
    """ "12.5 GB"."""
    return f"{size / 1e9:.1f} GB"
