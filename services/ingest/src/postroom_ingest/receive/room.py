"""Memory that what is coming in shares: bytes that are held because they are not stored yet. Pure."""

from collections.abc import Callable


class Room:
    """Bytes in memory at one moment, over all that come in at one door of a process."""

    def __init__(
        self, most: int, tell: Callable[[int], object] = lambda _: None, part_of: "Room | None" = None
    ) -> None:
        """`tell` hears how many are used whenever that changes. What is in a part is in the whole too."""
        self.most = most
        self.used = 0
        self._tell = tell
        self._whole = part_of

    def add(self, size: int) -> bool:
        """So many more bytes, or fewer; False when they do not fit."""
        if size > 0 and self.used + size > self.most:
            return False
        if self._whole is not None and not self._whole.add(size):
            return False
        self.used += size
        self._tell(self.used)
        return True


class Share:
    """What one mail takes of a room."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._size = 0
        self.refused = False
        """Whether there was a moment when it did not fit."""

    def hold(self, size: int) -> bool:
        """The mail has `size` bytes by now; False when they do not fit, and then it must be dropped."""
        if not self._room.add(size - self._size):
            self.refused = True
            return False
        self._size = size
        return True

    def release(self) -> None:
        """The mail is stored or dropped."""
        self.hold(0)
