"""What hostile or runaway mail may cost; each cap that is hit leaves a defect on the mail."""

from typing import Final

MAX_HEADER_BYTES: Final = 256 * 1024
"""Header fields beyond this are not read; ordinary heads are 1-20 KB."""
MAX_FIELD_BYTES: Final = 64 * 1024
"""One field's value is cut here: a To field of some 1,000 addresses still fits."""
MAX_PARTS: Final = 500
"""Leaves and containers together; what follows stays in the last part, nothing is dropped."""
MAX_DEPTH: Final = 20
"""Multiparts inside multiparts; each level searches its region once, so this bounds the time."""
MAX_BOUNDARY_TRIES: Final = 20_000
"""Lines that look like a delimiter but are not one, per container."""
MAX_TEXT_CHARS: Final = 500_000
MAX_HTML_CHARS: Final = 500_000
MAX_IDS: Final = 200
"""Message-IDs kept of one References field: the root and the newest."""
MAX_ID_CHARS: Final = 998
"""RFC 5322 section 2.1.1: no line may be longer."""
MAX_ADDRESSES: Final = 1_000
MAX_NAME_CHARS: Final = 255
"""A file name longer than this cannot be saved by most file systems."""
MAX_DEFECTS: Final = 30
