"""The report: one HTML file that opens offline, holds all, and runs nothing from elsewhere."""

from eisfit.report.write import report_html, write_report

__all__ = ["report_html", "write_report"]
