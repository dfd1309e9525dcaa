"""Has a branch moved that a preview was made on? Asks the git hosts, in a worker."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from integrations.errors import IntegrationError
from integrations.git.environment import Remote
from integrations.git.remote import Refs, list_refs
from promotions.engine import ProjectCredentials, Site, load_masker
from promotions.models import Preview

_SHORT = 7


def check_bases(preview: Preview, *, rows: QuerySet[Preview], site: Site, now: datetime) -> None:
    """Note on the row which branch has moved since, or why that cannot be found out. `rows`: it, under a lease."""
    masker = load_masker(preview.project, site)
    credentials = ProjectCredentials(preview.project, masker)
    seen: dict[tuple[str, bool], Refs] = {}
    moved, problem = "", ""
    try:
        for base in preview.bases:
            key = (base["repo_url"], base["skip_tls_verify"])
            if key not in seen:
                url, skip_tls_verify = key
                found = credentials.find("git", url)
                seen[key] = list_refs(Remote(url, found, skip_tls_verify=skip_tls_verify, reach=site.http_policy))
            moved = moved or _say_move(base, seen[key])
    except IntegrationError as error:
        problem = masker.text(error.message)
    rows.update(moved=moved or ("" if not problem else preview.moved), check_problem=problem, checked_at=now)


def _say_move(base: Mapping[str, Any], refs: Refs) -> str:
    now = refs.heads.get(base["branch"], "")
    if now == base["sha"]:
        return ""
    where = f'Branch "{base["branch"]}" of {base["repo_url"]}'
    if not now:
        return f"{where} was deleted since."
    if not base["sha"]:
        return f"{where} was made since."
    return f"{where} moved since, from {base['sha'][:_SHORT]} to {now[:_SHORT]}."
