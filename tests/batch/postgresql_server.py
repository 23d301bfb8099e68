"""A PostgreSQL server of one's own: started, stopped and restarted by a test, gone with its folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

DATABASE = "grader"


class Server:
    """Listens on a free port of this machine, in a folder that its user may enter. Raises where it can't start."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="grader-postgresql-test-", dir="/var/tmp"))
        self._become: list[str] = []
        if os.geteuid() == 0:  # which PostgreSQL refuses to run as
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._become = ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid), "--init-groups"]
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._call("initdb", "--auth=trust", "--username=grader", "--encoding=UTF8", "--locale=C", "-D", self._data)
        self.start()
        self._call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "grader", DATABASE)

    @property
    def url(self) -> str:
        return f"postgresql://grader@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        log = str(self.folder / "log")
        self._call("pg_ctl", "-D", self._data, "-o", options, "-l", log, "-w", "start")

    def stop(self, mode: str = "fast") -> None:
        """`immediate` is as if its power were cut."""
        self._call("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def close(self) -> None:
        self.stop("immediate")
        shutil.rmtree(self.folder)

    def _call(self, program: str, *arguments: str) -> None:
        newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
        command = [*self._become, str(newest[-1]) if newest else program, *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
