"""http-download: download a file over HTTP into the work tree.

Source: Kargo docs `promotion-steps/http-download.md`, code `runner/builtin/http_downloader.go`.
Differs: a download ends after 30 minutes, whatever timeout says; private addresses are out of bounds unless allowed.
"""

import dataclasses
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from typing import BinaryIO
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from pydantic import Field

from integrations.errors import Unreachable
from integrations.http import BodyTooLarge, HttpClient, HttpResponse
from promotions.steps.base import Done, Effect, Step, StepConfig, StepContext, StepErrored, StepFailed
from promotions.steps.capabilities import given
from promotions.steps.downloads import MAX_BYTES, downloaded, prepare_target
from promotions.steps.durations import SCHEMA_PATTERN, parse_duration

_DEFAULT_TIMEOUT, _LONGEST_TIMEOUT = timedelta(minutes=5), timedelta(minutes=30)
_USER_AGENT = "kargoweb"


class Pair(StepConfig):
    name: str = Field(min_length=1, description="Name; may occur several times.")
    value: str = Field(min_length=1, description="Value.")


class Config(StepConfig):
    url: str = Field(min_length=1, description="What to download.")
    out_path: str = Field(min_length=1, description="File to write, relative to the work tree.")
    allow_overwrite: bool = Field(False, description="Replace a file that is there.")
    headers: list[Pair] = Field(default_factory=list, description="Headers to send.")
    query_params: list[Pair] = Field(default_factory=list, description="Added to the query of the URL.")
    insecure_skip_tls_verify: bool = Field(False, alias="insecureSkipTLSVerify", description="Trust any certificate.")
    timeout: str = Field("", pattern=SCHEMA_PATTERN, description="For the whole download; 5m when left out.")


def run(context: StepContext, config: Config) -> Done:
    target = prepare_target(context, config.out_path, allow_overwrite=config.allow_overwrite)
    url = _build_url(config)
    # Path and query may hold secrets.
    context.log(f"Downloading from {url.hostname}", "info")
    with downloaded(context, target) as file:
        response = _send(context, config, url.geturl(), file)
        if not 200 <= response.status < 300:
            raise StepFailed(f"HTTP request failed with status {response.status}", retry=True)
        size = file.seek(0, 2)
    context.log(f"Wrote {size} bytes to {config.out_path}", "info")
    return Done()


def _send(context: StepContext, config: Config, url: str, file: BinaryIO) -> HttpResponse:
    with _open_client(given(context.can.http), config) as client:
        try:
            return client.download(
                url,
                file,
                headers=[(pair.name, pair.value) for pair in config.headers],
                timeout=_read_timeout(config.timeout),
                max_bytes=MAX_BYTES,
            )
        except BodyTooLarge as error:
            message = f"download exceeds limit of {MAX_BYTES} bytes"
            # Nothing of the body was taken when its declared length was too large already.
            if file.tell() == 0:
                raise StepFailed(message) from error
            raise StepErrored(message) from error
        except Unreachable as error:
            raise StepErrored(str(error)) from error


def _open_client(client: HttpClient, config: Config) -> AbstractContextManager[HttpClient]:
    if not config.insecure_skip_tls_verify:
        return nullcontext(client)
    return HttpClient(dataclasses.replace(client.policy, verify_tls=False), _USER_AGENT)


def _build_url(config: Config) -> SplitResult:
    try:
        parts = urlsplit(config.url)
        host = parts.hostname
    except ValueError as error:
        raise StepErrored(f"error building HTTP request: url cannot be read: {error}", permanent=True) from error
    if parts.scheme not in ("http", "https") or not host:
        raise StepErrored(
            "error building HTTP request: url must begin with http:// or https:// and name a host", permanent=True
        )
    if not config.query_params:
        return parts
    query = parse_qsl(parts.query, keep_blank_values=True)
    query += [(pair.name, pair.value) for pair in config.query_params]
    return parts._replace(query=urlencode(sorted(query, key=lambda item: item[0])))


def _read_timeout(text: str) -> timedelta:
    try:
        if not text:
            return _DEFAULT_TIMEOUT
        # Zero is no limit.
        return min(parse_duration(text) or _LONGEST_TIMEOUT, _LONGEST_TIMEOUT)
    except ValueError as error:
        raise StepErrored(f"error parsing timeout: {error}") from error


STEP = Step(
    "http-download",
    Config,
    run,
    effect=Effect.WORKSPACE,
    rerun="Downloads again, over a file that its own earlier try put there; another one needs allowOverwrite.",
    needs=("http",),
)
