"""The operations on the account, its phone numbers and its conferences: they only look."""

import json
from datetime import datetime

from bot.sandbox.twilio import resources
from bot.sandbox.twilio.answers import Answer, listing, one
from bot.sandbox.twilio.asked import Asked
from bot.sandbox.twilio.calls import Number
from bot.sandbox.twilio.conferences import Conference, Participant
from bot.sandbox.twilio.listing import choice, cut_page, date_filter, single

CONFERENCE_STATUSES = frozenset({"init", "in-progress", "completed"})


def fetch_account(asked: Asked) -> Answer:
    """The account itself."""
    return one(resources.account_row(asked.account))


def list_numbers(asked: Asked) -> Answer:
    """A page of the account's phone numbers."""
    query = asked.request.query
    phone_number, friendly_name = single(query, "PhoneNumber"), single(query, "FriendlyName")

    def keep(number: Number) -> bool:
        return phone_number in {None, number.phone_number} and (
            friendly_name in {None, number.friendly_name}
        )

    page = cut_page(asked.network.numbers, keep, query, asked.request.path)
    rows = [json.dumps(resources.number_row(number)) for number in page.items]
    return listing(page.envelope, "incoming_phone_numbers", rows)


def fetch_number(asked: Asked) -> Answer:
    """One phone number."""
    number = asked.network.numbers.get(asked.sids["sid"])
    if number is None:
        raise asked.missing()
    return one(resources.number_row(number))


def list_conferences(asked: Asked) -> Answer:
    """A page of the conferences that pass the filters."""
    query = asked.request.query
    status = choice(query, "Status", CONFERENCE_STATUSES)
    friendly_name = single(query, "FriendlyName")
    created = date_filter(query, "DateCreated", _created_at, by_day=asked.filters_by_day)
    updated = date_filter(query, "DateUpdated", _updated_at, by_day=asked.filters_by_day)

    def keep(conference: Conference) -> bool:
        return (
            status in {None, conference.status}
            and friendly_name in {None, conference.friendly_name}
            and created(conference)
            and updated(conference)
        )

    page = cut_page(asked.network.conferences, keep, query, asked.request.path)
    rows = [json.dumps(resources.conference_row(conference)) for conference in page.items]
    return listing(page.envelope, "conferences", rows)


def fetch_conference(asked: Asked) -> Answer:
    """One conference."""
    return one(resources.conference_row(_conference(asked)))


def list_participants(asked: Asked) -> Answer:
    """A page of those who are in a conference now."""
    conference = _conference(asked)
    query = asked.request.query
    muted = choice(query, "Muted", ("true", "false"))

    def keep(participant: Participant) -> bool:
        return muted in {None, str(participant.is_muted).lower()}

    page = cut_page(conference.participants, keep, query, asked.request.path)
    rows = [json.dumps(resources.participant_row(conference, person)) for person in page.items]
    return listing(page.envelope, "participants", rows)


def fetch_participant(asked: Asked) -> Answer:
    """One participant, found by call SID or label."""
    conference = _conference(asked)
    for participant in conference.participants.values():
        if asked.sids["participant"] in {participant.call_sid, participant.label}:
            return one(resources.participant_row(conference, participant))
    raise asked.missing()


def _conference(asked: Asked) -> Conference:
    conference = asked.network.conferences.get(asked.sids["sid"])
    if conference is None:
        raise asked.missing()
    return conference


def _created_at(conference: Conference) -> datetime | None:
    return conference.created_at


def _updated_at(conference: Conference) -> datetime | None:
    return conference.updated_at
