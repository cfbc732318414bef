"""Text that was wrapped for its way only: format=flowed (RFC 3676)."""

from typing import Final

_SIGNATURE: Final = "-- "


def reflowed(text: str, *, delete_space: bool) -> str:
    """`text` with each paragraph on one line again; `delete_space` is DelSp=yes, for scripts without spaces.

    Quoted lines stay as they are, each with its mark. A blank line ends a paragraph though the line before it ends
    in a space: programs that forget to take it away are many. Nor do all that promise DelSp write the second space,
    without which words would run together; where no line has it, only scripts beyond ASCII are joined closely.
    """
    if " \n" not in text and "\n " not in text and not text.startswith(" "):
        return text
    doubled = "  \n" in text
    pieces: list[str] = []
    flows = False
    for number, line in enumerate(text.split("\n")):
        quoted = line.startswith(">")
        own = line[1:] if line.startswith(" ") and not line.startswith(" >") else line  # section 4.4: space-stuffed
        if number and (not flows or quoted or not own or own == _SIGNATURE):
            pieces.append("\n")
        flows = not quoted and own.endswith(" ") and own != _SIGNATURE
        closely = flows and delete_space and (doubled or not own[-2:-1].isascii())
        pieces.append(own[:-1] if closely else own)
    return "".join(pieces)
