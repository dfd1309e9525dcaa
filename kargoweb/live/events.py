"""How an event is written into a stream of server-sent events."""


def encode_event(name: str, data: str, *, number: int | None = None) -> bytes:
    """One event; `number` becomes the id that a browser sends back when it connects again."""
    lines = [f"event: {name}"]
    if number is not None:
        lines.append(f"id: {number}")
    # Only these end a line in a stream of events; each line of the data needs its own field.
    lines += [f"data: {line}" for line in data.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return ("\n".join(lines) + "\n\n").encode()
