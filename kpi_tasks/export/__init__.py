"""Exports of a published month, for payroll, personnel and training plans."""
