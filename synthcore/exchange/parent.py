"""Die with the parent process, even when it is killed without a chance to say so."""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1


def die_with_parent(parent_pid: int) -> bool:
    """Ask the kernel for SIGTERM when the parent dies.

    Parameters
    ----------
    parent_pid
        The parent that is meant: it may have died before this call, and then nothing would ever come.
        0 means whoever is the parent now.

    Returns
    -------
    bool
        Whether that parent is still there. The signal is tied to the parent's *thread* that started us.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        return False
    return parent_pid in (0, os.getppid())
