"""What every isolating sandbox promises: the whole list, each with what tries to break it."""

from grader.sandbox.base import MEBIBYTE
from grader.sandbox.conformance import bounds, identity, survival
from grader.sandbox.conformance.bait import Bait
from grader.sandbox.conformance.guarantee import Guarantee
from grader.sandbox.conformance.trial import Trial, inside

_SMALL = 192 * MEBIBYTE


def _called(bait: Bait, _trial: Trial) -> str:
    calls = bait.calls()
    return f"a listener outside was called ({', '.join(calls)})" if calls else ""


def _bystander_gone(bait: Bait, _trial: Trial) -> str:
    return "" if bait.bystander_lives() else "a signal ended a process outside"


def _secret_read(bait: Bait, trial: Trial) -> str:
    names = [name for name, content in trial.result.files.items() if bait.secret.encode() in content]
    return f"{names[0]} was read, and holds a secret" if names else ""


def _late(_bait: Bait, trial: Trial) -> str:
    return f"reading outputs took {trial.result.seconds:.1f} s" if trial.result.seconds > 5 else ""


_OUTPUTS = ("symbolic", "fifo", "folder", "device", "hole", "plain")

GUARANTEES = (
    # Network
    Guarantee("internet", "no network: IPv4, IPv6", inside("network.internet", _called)),
    Guarantee("unix", "no unix socket of the machine, named or abstract", inside("network.unix", _called)),
    Guarantee("netlink", "no netlink socket", inside("network.netlink")),
    Guarantee("packet", "no packet or raw socket", inside("network.packet")),
    Guarantee("vsock", "no vsock, bluetooth, AF_ALG or the like", inside("network.unconfined")),
    # Secrets
    Guarantee("shadow", "no read of /etc/shadow and the like", inside("secrets.passwords")),
    Guarantee("home", "no read of home and temporary folders", inside("secrets.files")),
    Guarantee("grader", "no read of grader, rubrics, reference models", inside("secrets.grader_files")),
    Guarantee("environment", "no read of grader's environment", inside("secrets.environment")),
    Guarantee("descriptors", "no descriptor inherited", inside("secrets.descriptors")),
    Guarantee("processes", "no look into other processes", inside("secrets.other_processes")),
    Guarantee("arguments", "no read of the arguments of others", inside("secrets.arguments")),
    Guarantee("signals", "no signal to other processes", inside("secrets.signals", _bystander_gone)),
    Guarantee("shared-memory", "no shared memory or queue of the machine", inside("secrets.shared_memory")),
    # Writing
    Guarantee("writes", "no write outside its folders", inside("files.outside")),
    Guarantee("settings", "no write to /proc/sys, /sys, control groups", inside("files.settings")),
    Guarantee("devices", "no device but the harmless ones", inside("files.devices")),
    Guarantee(
        "outputs", "outputs are its own plain files", inside("files.outputs", _secret_read, _late, outputs=_OUTPUTS)
    ),
    # Rights
    Guarantee("user", "an unprivileged user; as root, another for each run", identity.user),
    Guarantee("capabilities", "no capability, and none to be gained", inside("identity.capabilities")),
    # Limits
    Guarantee("memory", "memory, over all processes", bounds.bounded("limits.memory", "memory", "killed")),
    Guarantee(
        "memory-elsewhere",
        "memory that no process holds (memfd, System V)",
        bounds.bounded("limits.uncounted_memory", "memory", "killed", memory_bytes=_SMALL, output_bytes=32 * MEBIBYTE),
    ),
    Guarantee(
        "memory-sockets",
        "memory that waits in sockets",
        bounds.bounded("limits.sockets", "memory", "killed", memory_bytes=_SMALL),
    ),
    Guarantee(
        "memory-files",
        "memory of files in /tmp, /dev/shm, outputs",
        bounds.bounded("limits.memory_files", "memory", "killed", "output_limit", memory_bytes=_SMALL),
    ),
    Guarantee("process-count", "processes and threads", bounds.bounded("limits.processes", "killed", "memory")),
    Guarantee("cpu-time", "CPU time", bounds.bounded("limits.cpu_time", "timeout", "killed", cpu_seconds=1)),
    Guarantee("wall-time", "wall time", bounds.bounded("limits.wall_time", "timeout", wall_seconds=1.0)),
    Guarantee("file-size", "size of a file", bounds.bounded("limits.file_size", "output_limit")),
    Guarantee("file-count", "number of files", bounds.bounded("limits.files", "output_limit", files=500)),
    Guarantee("printing", "volume of stdout and stderr", bounds.printing),
    Guarantee("raising", "no limit can be raised, no priority taken", inside("limits.raising")),
    # Doors into the kernel
    Guarantee("namespaces", "no new namespaces", inside("kernel.namespaces")),
    Guarantee("io-uring", "no io_uring", inside("kernel.io_uring")),
    Guarantee("keys", "no keyctl", inside("kernel.keys")),
    Guarantee("tracing", "no ptrace", inside("kernel.tracing")),
    Guarantee("terminal", "no TIOCSTI, no terminal", inside("kernel.terminal")),
    Guarantee("bpf", "no bpf", inside("kernel.bpf")),
    Guarantee("performance-events", "no perf_event_open", inside("kernel.performance_events")),
    Guarantee("userfaultfd", "no userfaultfd", inside("kernel.userfaultfd")),
    Guarantee("mounts", "no mount, chroot or the like", inside("kernel.mounts")),
    Guarantee("administration", "no modules, reboot, personality, kernel log", inside("kernel.administration")),
    Guarantee("other-tables", "no 32-bit or x32 system calls", inside("kernel.other_tables")),
    Guarantee("core-dumps", "a crash dumps nothing and starts nothing", inside("kernel.core_dumps")),
    # Survival
    Guarantee("daemons", "nothing survives the run", survival.daemons),
    Guarantee("killed-grader", "nothing survives a SIGKILL of grader", survival.killed_grader),
)
