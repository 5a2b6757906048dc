"""The appraisal rules, pure: frames and values in, frames and values out."""

RULES_VERSION = 1
"""Raised by whoever changes what the rules compute: the same inputs then give a new revision instead of a no-op."""
