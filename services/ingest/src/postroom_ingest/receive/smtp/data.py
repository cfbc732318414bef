"""The end of a mail on the wire: a dot alone between proper line ends, and nothing else."""

END = b"\r\n.\r\n"


class DataReader:
    """Puts a mail together from bytes as they come (RFC 5321 section 4.5.2).

    Lines may be of any length and hold any bytes. A bare CR or LF is a byte like others: were it taken for the end of
    a line, one mail could be made to look like two (SMTP smuggling, CVE-2023-51764).
    """

    def __init__(self, limit: int) -> None:
        """A mail larger than `limit` bytes, dots undone (RFC 1870 section 3), is not kept."""
        self._limit = limit
        self._most = limit * 4 // 3 + len(END)
        """On the wire: of the line `.` a third more is sent, and no other line gains more."""
        self._size = 0
        self._kept = bytearray(b"\r\n")  # so that a dot at the very beginning ends an empty mail

    def take(self, buffer: bytearray) -> bool:
        """Take from the front of `buffer` what belongs to the mail; True when that was the last of it."""
        kept = self._kept
        before = len(kept)
        kept += buffer
        end = kept.find(END, max(0, before - len(END) + 1))
        taken = len(buffer) if end < 0 else end + len(END) - before
        self._size += taken
        del buffer[:taken]
        if end >= 0:
            del kept[end + 2 :]
        elif self._size > self._most:
            del kept[: -len(END)]
        return end >= 0

    @property
    def kept(self) -> int:
        """Bytes in memory."""
        return len(self._kept)

    def give_up(self) -> None:
        """Keep nothing of this mail, and only look for its end."""
        self._most = -1

    def mail(self) -> bytes | None:
        """The mail as it was meant; None when it exceeds the limit or was given up.

        To be asked once `take` said that it is whole.
        """
        if self._size > self._most:
            return None
        kept = self._kept.replace(b"\r\n.", b"\r\n") if b"\r\n." in self._kept else self._kept
        return bytes(memoryview(kept)[2:]) if len(kept) - 2 <= self._limit else None
