"""Actor: who does something, as domain functions and the audit log need to know it.

Source: Kargo docs, event reference (the forms of an actor).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of kargoweb. `label` is Kargo's form: `email:a@b.c`, `admin`, `controller:name`."""

    label: str
    name: str
    user_id: int | None = None
    ip_address: str | None = None
    request_id: str = ""

    @property
    def is_controller(self) -> bool:
        """True for our own automation, which never creates holds and needs no rights."""
        return self.label.startswith("controller:")


OPERATOR = Actor(label="admin", name="operator on the command line")


def controller(name: str) -> Actor:
    """The actor of an automatic deed, for example `controller:warehouse`."""
    return Actor(label=f"controller:{name}", name=name)
