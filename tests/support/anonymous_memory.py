"""Memory of a process that the kernel can't take back: without pages of files, which it drops and reads again."""

import threading
import time
from pathlib import Path


class Anonymous:
    """Peak of this process' anonymous memory in MB while the block runs, above that at its start."""

    def __enter__(self) -> "Anonymous":
        self.first = self.peak = _now()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()
        return self

    def __exit__(self, *unused: object) -> None:
        self.done.set()
        self.thread.join()

    def _watch(self) -> None:
        while not self.done.is_set():
            self.peak = max(self.peak, _now())
            time.sleep(0.02)

    @property
    def grown(self) -> float:
        return self.peak - self.first


def _now() -> float:
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1024
