"""Verdicts of spam filters, read from their fields."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom_ingest.parse import read_head
from postroom_ingest.parse.spam import Spam, spam_verdict

VERDICTS = {
    "SpamAssassin, spam": (
        "X-Spam-Flag: YES\nX-Spam-Status: Yes, score=9.4 required=5.0\n\ttests=A",
        (True, 9.4, "X-Spam-Flag"),
    ),
    "SpamAssassin, ham": ("X-Spam-Status: No, score=-2.5 required=5.0 tests=AWL", (False, -2.5, "X-Spam-Status")),
    "SpamAssassin, old": ("X-Spam-Status: Yes, hits=7.1 required=5.0", (True, 7.1, "X-Spam-Status")),
    "score of its own": ("X-Spam-Flag: YES\nX-Spam-Score: 15.7", (True, 15.7, "X-Spam-Flag")),
    "stars": ("X-Spam-Flag: YES\nX-Spam-Level: ******", (True, 6.0, "X-Spam-Flag")),
    "word and score": ("X-Spam-Score: spam, score=5.01", (True, 5.01, "X-Spam-Score")),
    "rspamd": ("X-Spamd-Result: default: True [16.20 / 15.00];\n\tA(1.0)", (True, 16.2, "X-Spamd-Result")),
    "rspamd, ham": ("X-Spamd-Result: default: False [-1.50 / 15.00]", (False, -1.5, "X-Spamd-Result")),
    "rspamd's score": ("X-Rspamd-Score: -3.77 / 15.00 / 15.00", (False, -3.77, "X-Rspamd-Score")),
    "rspamd's action": ("X-Rspamd-Action: add header", (True, None, "X-Rspamd-Action")),
    "rspamd's short form": ("X-Spam: Yes", (True, None, "X-Spam")),
    "Microsoft 365": (
        "X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:US;SCL:5;SFV:SPM;",
        (True, 5.0, "X-Forefront-Antispam-Report"),
    ),
    "Microsoft 365, ham": (
        "X-Forefront-Antispam-Report: SFV:NSPM;SFS:(1);SCL:1",
        (False, 1.0, "X-Forefront-Antispam-Report"),
    ),
    "Exchange": ("X-MS-Exchange-Organization-SCL: 6", (True, 6.0, "X-Ms-Exchange-Organization-Scl")),
    "Exchange, inside": ("X-MS-Exchange-Organization-SCL: -1", (False, -1.0, "X-Ms-Exchange-Organization-Scl")),
    "SES": ("X-SES-Spam-Verdict: FAIL", (True, None, "X-Ses-Spam-Verdict")),
    "Mailgun": ("X-Mailgun-Sflag: Yes\nX-Mailgun-Sscore: 6.3", (True, 6.3, "X-Mailgun-Sflag")),
    "Gmail": ("X-Gm-Spam: 1", (True, None, "X-Gm-Spam")),
    "bogofilter": ("X-Bogosity: Spam, tests=bogofilter, spamicity=0.99", (True, 0.99, "X-Bogosity")),
    "Proofpoint": (
        "X-Proofpoint-Spam-Details: rule=notspam policy=default score=0",
        (False, 0.0, "X-Proofpoint-Spam-Details"),
    ),
    "the upper field counts": ("X-Spam-Flag: NO\nX-Spam-Flag: YES", (False, None, "X-Spam-Flag")),
}
NOTHING = {
    "no field": "Subject: YES",
    "a score without a verdict": "X-Spam-Score: 22.5\nX-Spam-Level: **********************",
    "a filter that was not sure": "X-Bogosity: Unsure, tests=bogofilter, spamicity=0.5",
    "a filter that did not run": "X-SES-Spam-Verdict: PROCESSING_FAILED",
    "a report of somebody else": "X-Forefront-Antispam-Report-Untrusted: SFV:SPM;SCL:9",
    "empty": "X-Spam-Flag:",
}


@pytest.mark.parametrize(("head", "wanted"), VERDICTS.values(), ids=VERDICTS.keys())
def test_verdicts(head: str, wanted: tuple[bool, float | None, str]) -> None:
    assert spam_verdict(read_head(f"{head}\n\n".encode()).headers) == Spam(*wanted)


@pytest.mark.parametrize("head", NOTHING.values(), ids=NOTHING.keys())
def test_where_nobody_judged_there_is_no_verdict(head: str) -> None:
    assert spam_verdict(read_head(f"{head}\n\n".encode()).headers) is None


@given(st.sampled_from(["X-Spam-Status", "X-Spamd-Result", "X-GMX-Antispam", "X-Rspamd-Score"]), st.text(max_size=60))
def test_no_value_breaks_it(name: str, value: str) -> None:
    spam_verdict(read_head(f"{name}: {value}\n\n".encode("utf-8", "replace")).headers)
