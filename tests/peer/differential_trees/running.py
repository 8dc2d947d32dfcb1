"""Runs two programs on a tree and says how they differ."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import purpose
from .model import Link
from .trees import ROOT

TIMEOUT = 60
AGAIN = 12
EXIT_CODES = (0, 1, 2, 3, 4)


class Run:
    """What a program said about a tree."""

    def __init__(self, command, directory):
        try:
            done = subprocess.run([*command, str(directory)], capture_output=True, timeout=TIMEOUT)
            self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired:
            self.code, self.out, self.err = -1, b"", b"time is up"

    def text(self):
        return self.out if self.code == 0 else b"exit code %d\n%s%s" % (self.code, self.out, self.err)

    def message(self):
        return self.err.decode(errors="replace")


class Verdict:
    """How two programs differ on a tree: `kind` is nothing when they agree; `purpose` is the rule by which they may differ.

    `peer_again` runs the peer on the tree some more times, and yields its output.
    """

    def __init__(self, peer, ours, files, peer_again):
        self.peer, self.ours, self.peer_again = peer, ours, peer_again
        self.kind = kind(peer, ours)
        self.purpose = purpose.rule(self, files) if self.kind else None

    def differs(self):
        return self.kind and not self.purpose

    def built_by_both(self):
        return self.peer.code == 0 == self.ours.code


def kind(peer, ours):
    if ours.code not in EXIT_CODES or (ours.code != 0 and ours.out):
        return "crash"
    if peer.code == 0 and ours.code == 0:
        return None if peer.out == ours.out else "bytes"
    if peer.code == 0:
        return "ours-fails"
    return "peer-fails" if ours.code == 0 else None


def compare(commands, files):
    """Runs both programs on a tree of its own."""
    directory = Path(tempfile.mkdtemp(prefix="differential-"))
    try:
        write(files, directory)
        peer, ours = (Run(command, directory / ROOT) for command in commands)
        return Verdict(peer, ours, files, lambda: (Run(commands[0], directory / ROOT).out for _ in range(AGAIN)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def write(files, directory):
    for path, file in files.items():
        place = directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(file, Link):
            os.symlink(file, place)
        else:
            place.write_bytes(file if isinstance(file, bytes) else file.encode("utf-8", "surrogatepass"))


def show(files, to):
    for path, file in files.items():
        print(f"-- link {path} -> {file} --" if isinstance(file, Link) else f"-- {path} --", file=to)
        if not isinstance(file, Link):
            print(file if isinstance(file, str) else repr(file), file=to)
