"""What a trial of one step gets of programs (by the environment) and of freight aliases (out of its context)."""

from typing import Any

from kargoweb.env import env_bool, env_int, env_text
from promotions.steps.tools import DEFAULT_PUSH_LIMIT, Tools


def read_tools() -> Tools:
    """As the site's settings read it; a trial has no settings, it starts without Django."""
    return Tools(
        kustomize=env_text("KARGOWEB_KUSTOMIZE"),
        helm=env_text("KARGOWEB_HELM"),
        allow_remote_bases=env_bool("KARGOWEB_ALLOW_REMOTE_BASES", False),
        oci_push_max_bytes=env_int("KARGOWEB_OCI_PUSH_MAX_BYTES", DEFAULT_PUSH_LIMIT, at_least=-1),
    )


class GivenAliases:
    """Freight of the context's `freight` list (and its target freight), with `freightAliases`: {name: alias}."""

    def __init__(self, context: dict[str, Any]) -> None:
        named = [*(context.get("freight") or ()), (context.get("ctx") or {}).get("targetFreight") or {}]
        self._aliases: dict[str, str] = {
            str(piece["name"]): str(piece.get("alias") or "") for piece in named if piece.get("name")
        }
        self._aliases |= context.get("freightAliases") or {}

    def rename(self, name: str, alias: str) -> str:
        """Answers the old alias. Raises LookupError (no such freight), ValueError (it is taken)."""
        old = self._aliases[name]
        holder = next((other for other, taken in self._aliases.items() if taken == alias and other != name), None)
        if holder is not None:
            raise ValueError(f'The alias "{alias}" belongs to freight {holder[:7]}. Choose another one.')
        self._aliases[name] = alias
        return old
