"""When jobs run: greedy list scheduling on a number of cores, as Snakemake's greedy scheduler does."""

import heapq
from collections.abc import Container, Mapping, Sequence

from benchmarks.plan.due import Job


def finish_times(
    jobs: Sequence[Job], seconds: Mapping[int, float], cores: int, limited: Container[str] = (), most: int = 0
) -> dict[int, float]:
    """Return the second at which each job ends, by its id, if the first starts at 0.

    A job starts as soon as its needs have ended and its threads are free; of several, the one of highest priority, then
    the first listed. A job with more threads than `cores` takes all of them. At most `most` jobs of the
    rules `limited` run at once (places on GPUs).
    """
    waiting = {job.id: len(job.needs) for job in jobs}
    after: dict[int, list[Job]] = {job.id: [] for job in jobs}
    for job in jobs:
        for need in job.needs:
            after[need].append(job)
    order = {job.id: place for place, job in enumerate(jobs)}
    ready = [job for job in jobs if not job.needs]
    running: list[tuple[float, int, Job]] = []
    ended: dict[int, float] = {}
    free, now, places = cores, 0.0, most
    while ready or running:
        ready.sort(key=lambda job: (-job.priority, order[job.id]))
        for job in [*ready]:
            threads = min(job.threads, cores)
            if threads <= free and (places or job.rule not in limited):
                ready.remove(job)
                free -= threads
                places -= job.rule in limited
                heapq.heappush(running, (now + seconds[job.id], order[job.id], job))
        now, _, done = heapq.heappop(running)
        ended[done.id] = now
        free += min(done.threads, cores)
        places += done.rule in limited
        for job in after[done.id]:
            waiting[job.id] -= 1
            if waiting[job.id] == 0:
                ready.append(job)
    return ended
