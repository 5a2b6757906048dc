"""Mails about results, appeals, plans and deadlines: what they say, to whom, and sent once each.

Nothing here knows Airflow: whoever calls hands in ``send``, which gives one mail to the mail server.
"""

from kpi_tasks.mail.addresses import ROLES, Office, split_addresses
from kpi_tasks.mail.message import Message, RefusedError, Send, as_email
from kpi_tasks.mail.notices import (
    APPEAL_KINDS,
    PLAN_KINDS,
    appeal_messages,
    deadline_messages,
    decision_messages,
    plan_messages,
)
from kpi_tasks.mail.posting import post
from kpi_tasks.mail.results import is_to_be_told, remind_evaluators, tell_results

__all__ = [
    "APPEAL_KINDS",
    "PLAN_KINDS",
    "ROLES",
    "Message",
    "Office",
    "RefusedError",
    "Send",
    "appeal_messages",
    "as_email",
    "deadline_messages",
    "decision_messages",
    "is_to_be_told",
    "plan_messages",
    "post",
    "remind_evaluators",
    "split_addresses",
    "tell_results",
]
