"""For scripts that run servers: ports may be taken outside, and whatever is left is to be seen."""

import os
import subprocess
import sys


def enter():
    """Begins the script again in a network, a pid and a mount namespace of its own, as process 1 there,
    with which all else there ends. Needs root, or the right to be it in a user namespace.
    """
    if os.environ.pop("INSIDE_NAMESPACES", None):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    words = ["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount"]
    if os.geteuid() != 0:
        words += ["--user", "--map-root-user"]
    os.execvpe("unshare", [*words, *sys.argv], {**os.environ, "INSIDE_NAMESPACES": "1"})
