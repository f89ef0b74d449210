"""The figures of a run as a table, as JSON, as a chart and in words."""
