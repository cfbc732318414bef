"""Reports that machines send about our mail: bounces, delays, delivery reports, complaints, read receipts. Pure."""

from postroom_ingest.parse.reports.model import Kind, Reason, Recipient, Report
from postroom_ingest.parse.reports.reading import read_report, report_of

__all__ = ["Kind", "Reason", "Recipient", "Report", "read_report", "report_of"]
