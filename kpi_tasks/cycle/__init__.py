"""What goes on around a month: plans, talks, appeals, corrections, verdicts. One function a deed, for commands and DAGs."""
