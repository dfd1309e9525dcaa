"""Takes away what nobody needs any more: work trees that a killed worker left, and old previews."""

import shutil
from datetime import datetime, timedelta

from promotions.engine import Site, remove_directory
from promotions.models import Preview

_KEPT = timedelta(days=7)
_AT_ONCE = 500


def sweep(site: Site, *, now: datetime) -> None:
    """Remove work trees of no running preview, then previews older than a week that no promotion keeps."""
    folder = site.previews_dir
    for path in folder.iterdir() if folder.is_dir() else ():
        preview = Preview.objects.filter(pk=int(path.name)).first() if path.name.isdigit() else None
        if preview is None:
            shutil.rmtree(path, ignore_errors=True)
        elif preview.lease_until is None:
            remove_directory(path, kept_as=preview.name)
    old = Preview.objects.filter(created_at__lt=now - _KEPT, promotions__isnull=True, lease_until__isnull=True)
    Preview.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:_AT_ONCE])).delete()
