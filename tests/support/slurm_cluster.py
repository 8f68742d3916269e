"""A Slurm of one node on this machine, from Debian's packages, without accounting database or system service."""

import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
SYSTEM = f"{os.environ['PATH']}{os.pathsep}/usr/sbin"
NODE = "node"
# The node's hardware is made up, so that any machine will do. Memory is held to what a job asked for. Jobs of the
# partition `urgent` preempt the others. A requeued job waits for `cred_expire` seconds.
CONFIGURATION = """
ClusterName=mammobench
SlurmctldHost=localhost
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=2
SchedulerParameters=sched_interval=1
GresTypes=gpu
NodeName={node} NodeHostname=localhost NodeAddr=127.0.0.1 CPUs=4 RealMemory=64000 Gres=gpu:1
PartitionName=main Nodes={node} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={node} MaxTime=INFINITE State=UP
PartitionName=urgent Nodes={node} PriorityTier=10 MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """The programs of Slurm and munge that are not installed."""
    return [name for name in PROGRAMS if not shutil.which(name, path=SYSTEM)]


class Cluster:
    """A running Slurm: the environment in which commands find it, what its jobs asked for, and its node."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.node = contextlib.ExitStack()
        # The executor's job step takes SLURM_CONF out of srun's environment.
        self.environment = {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": os.pathsep.join([str(folder / "bin"), str(Path(sys.executable).parent), SYSTEM]),
        }

    def call(self, *command: str) -> str:
        """What a command of Slurm answers."""
        environment = os.environ | self.environment
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Every job that has ended, as Slurm recorded it: JobState, TimeLimit in minutes, Tres and so on."""
        return [dict(re.findall(r"(\w+)=(\S*)", line)) for line in (self.folder / "jobs").read_text().splitlines()]

    def start_node(self) -> None:
        """Start slurmd; wait until the node takes jobs."""
        self.slurmd = self.node.enter_context(_daemon(self, "slurmd", "-D", "-N", NODE))
        self.call("scontrol", "update", f"nodename={NODE}", "state=resume")
        _wait(
            lambda: self.call("sinfo", "--noheader", "--partition=main", "--format=%T").strip() == "idle", self.folder
        )

    def kill_node(self) -> None:
        """Kill slurmd and all processes of its jobs at once; tell Slurm that the node is down."""
        for process in (self.slurmd.pid, *self._processes()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.node.close()
        self.call("scontrol", "update", f"nodename={NODE}", "state=down", "reason=killed")

    def _processes(self) -> list[int]:
        """Processes of jobs, behind the slurmstepd that have started them."""
        own, parents = f"SLURM_CONF={self.folder}/".encode(), []
        jobs = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            text = _read(path)
            if own in text and b"SLURM_JOB_ID=" in text:
                jobs.append(int(path.parent.name))
        for job in jobs:
            parents += re.findall(rb"\nPPid:\t(\d+)", _read(Path(f"/proc/{job}/status")))
        steps = {
            int(parent) for parent in parents if _read(Path(f"/proc/{int(parent)}/comm")).startswith(b"slurmstepd")
        }
        return [*steps, *jobs]


def _read(path: Path) -> bytes:
    """What a file of /proc holds; nothing once its process has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Start munge and Slurm; stop them, and their jobs, in the end."""
    # Short, as a socket's path must be.
    with tempfile.TemporaryDirectory(prefix="slurm-") as name, contextlib.ExitStack() as daemons:
        folder = Path(name)
        cluster = Cluster(folder)
        _configure(folder)
        files = {"socket": "socket", **{f"{end}-file": end for end in ("key", "pid", "log", "seed")}}
        munge = [f"--{option}={folder}/munge.{end}" for option, end in files.items()]
        daemons.enter_context(_daemon(cluster, "munged", "--foreground", *munge))
        _wait(lambda: (folder / "munge.socket").exists(), folder)
        daemons.enter_context(_daemon(cluster, "slurmctld", "-D"))
        daemons.enter_context(cluster.node)
        cluster.start_node()
        try:
            yield cluster
        finally:
            cluster.call("scancel", "--user", getpass.getuser())
            _wait(lambda: not cluster.call("squeue", "--noheader").strip(), folder)


def _configure(folder: Path) -> None:
    # munge wants its socket's folder to be open to all, and its key to nobody else.
    folder.chmod(0o755)
    for name in ("bin", "state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\n")
    text = CONFIGURATION.format(folder=folder, user=getpass.getuser(), node=NODE, ports=_free_ports(2))
    (folder / "slurm.conf").write_text(text)
    srun = folder / "bin/srun"
    srun.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which("srun", path=SYSTEM)} "$@"\n')
    srun.chmod(0o755)


def _free_ports(number: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [server.getsockname()[1] for server in sockets]


@contextlib.contextmanager
def _daemon(cluster: Cluster, *command: str) -> Iterator[subprocess.Popen]:
    with open(cluster.folder / f"{command[0]}.log", "a") as log:
        environment = os.environ | cluster.environment
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def _wait(there: Callable[[], bool], folder: Path) -> None:
    """Wait until there() holds; what the daemons have said if it doesn't within a minute."""
    deadline = time.monotonic() + 60
    while not there():
        said = "\n".join(log.read_text()[-2000:] for log in sorted(folder.glob("*.log")))
        assert time.monotonic() < deadline, said
        time.sleep(0.2)
