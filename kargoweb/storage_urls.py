"""Where snapshots of work trees are stored, as one setting: `s3://bucket/prefix?endpoint_url=...&region=...`."""

import importlib.util
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from kargoweb.env import BadSetting, env_text

_EXPECTED = "s3://bucket/prefix, with endpoint_url and region behind a ? where they are needed"
_CREDENTIALS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from wherever AWS's tools take them"
_OPTIONS = {"endpoint_url", "region"}
_NO_TRAILERS = {
    "request_checksum_calculation": "when_required",
    "response_checksum_validation": "when_required",
}
# Up to this many bytes of a download stay in memory, the rest goes to a temporary file.
_IN_MEMORY_BYTES = 16 * 1024 * 1024


def read_snapshot_storage(setting: str, directory: Path) -> dict[str, Any]:
    """The value for Django's STORAGES: files in `directory` unless the setting names a bucket."""
    text = env_text(setting).strip()
    if not text:
        backend = "promotions.engine.snapshots_storage.WholeFileStorage"
        return {"BACKEND": backend, "OPTIONS": {"location": directory}}
    url = urlsplit(text)
    options = dict(parse_qsl(url.query, keep_blank_values=True))
    if "@" in url.netloc:
        # Not the text: it is printed.
        raise BadSetting(setting, f"{url.scheme}://...@...", f"{_EXPECTED}; credentials come from {_CREDENTIALS}")
    if url.scheme != "s3" or not url.hostname or ":" in url.netloc or options.keys() - _OPTIONS:
        raise BadSetting(setting, text, _EXPECTED)
    if importlib.util.find_spec("storages") is None or importlib.util.find_spec("boto3") is None:
        raise BadSetting(setting, text, "the packages for S3 to be installed: pip install 'kargoweb[s3]'")
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _s3_options(url.netloc, url.path, options)}


def _s3_options(bucket: str, prefix: str, options: dict[str, str]) -> dict[str, Any]:
    from botocore.config import Config

    return {
        "bucket_name": bucket,
        "location": prefix.strip("/"),
        "endpoint_url": options.get("endpoint_url") or None,
        "region_name": options.get("region") or None,
        # Names are random: nothing is there to be overwritten, and asking first would cost a request each time.
        "file_overwrite": True,
        "max_memory_size": _IN_MEMORY_BYTES,
        # Seconds. A promotion waits for its snapshot at the end of each step.
        "client_config": Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            # Servers that are not Amazon's know neither bucket names as hosts nor checksums behind the body.
            **({"s3": {"addressing_style": "path"}, **_NO_TRAILERS} if options.get("endpoint_url") else {}),
        ),
    }
