"""May commits be replayed (rebased) without making a signature untrue?

Source: Kargo docs, integration policies of git-push; code `pkg/controller/git`, commit signatures.
"""

from pathlib import Path

from integrations.git.environment import Place, run_git
from integrations.git.failures import local_failure
from integrations.git.signing import is_signing

_SIGNATURES = (b"gpgsig ", b"gpgsig-sha256 ")
_TRUSTED = "G"


def is_rebase_safe(place: Place, upstream: str, home: Path) -> bool:
    """Tell whether each commit of HEAD that `upstream` lacks keeps its kind when `home`'s owner makes it again.

    A commit signed by a trusted key may be signed again, an unsigned one may stay unsigned; an untrusted signature
    never turns into ours.
    """
    will_sign = is_signing(home)
    for commit, mark in _list_marks(place, upstream):
        # Git says "no signature" also of one that it has no means to check.
        if _is_signed(place, commit) != will_sign or (will_sign and mark != _TRUSTED):
            return False
    return True


def _list_marks(place: Place, upstream: str) -> list[tuple[str, str]]:
    result = run_git("log", "--format=%H %G?", f"{upstream}..HEAD", place=place)
    if result.exit_code != 0:
        raise local_failure("look at the signatures", result, [str(place.directory)])
    pairs = (line.split() for line in result.stdout.splitlines())
    return [(commit, mark) for commit, mark in pairs]


def _is_signed(place: Place, commit: str) -> bool:
    header = run_git("cat-file", "commit", commit, place=place).stdout.encode(errors="replace").partition(b"\n\n")[0]
    return any(line.startswith(_SIGNATURES) for line in header.splitlines())
