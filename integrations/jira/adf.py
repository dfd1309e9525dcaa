"""Plain text as Atlassian Document Format, the form in which Jira keeps texts. Pure.

Source: Atlassian docs, Atlassian Document Format.
"""

from typing import Any


def text_to_adf(text: str) -> dict[str, Any]:
    """A document of the text as it is: empty lines part paragraphs, line ends stay."""
    paragraphs = [part for part in text.replace("\r\n", "\n").split("\n\n") if part.strip()]
    return {"type": "doc", "version": 1, "content": [_paragraph(part) for part in paragraphs]}


def _paragraph(text: str) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for line in text.strip("\n").split("\n"):
        if content:
            content.append({"type": "hardBreak"})
        if line:
            content.append({"type": "text", "text": line})
    return {"type": "paragraph", "content": content}
