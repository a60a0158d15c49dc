"""Ten operations by openapi-generator's Python client: `generated_python.py URL TOKEN`, in the client's folder."""

from __future__ import annotations

import sys
from uuid import uuid4

import openapi_client as wici
from openapi_client.exceptions import NotFoundException

word = uuid4().hex[:8]
settings = wici.Configuration(host=sys.argv[1], access_token=sys.argv[2])
with wici.ApiClient(settings) as client:
    contacts, groups, segments = wici.ContactsApi(client), wici.GroupsApi(client), wici.SegmentsApi(client)
    email = f"ola.{word}@poczta.example"
    rules = wici.Rule(all=[wici.Rule(field="email", op="eq", value=email), wici.Rule(field="city", op="is_empty")])

    assert wici.MeApi(client).get_me().account_id
    group = groups.create_group(wici.GroupCreate(name=f"Stali {word}"))
    ola = contacts.create_contact(wici.ContactCreate(email=email, first_name="Ola", group_ids=[group.id]))
    contacts.update_contact(ola.id, contact_update=wici.ContactUpdate(last_name="Nowak"))
    assert contacts.get_contact(ola.id).last_name == "Nowak"
    assert [each.id for each in contacts.list_contacts(group_id=group.id).items] == [ola.id]
    assert segments.count_segment(wici.SegmentRules(rules=rules)).count == 1
    segment = segments.create_segment(wici.SegmentCreate(name=f"Ola {word}", rules=rules))
    assert segments.get_segment(segment.id).rules.all[0].value == email
    assert [each.id for each in segments.list_segment_contacts(segment.id).items] == [ola.id]
    contacts.delete_contact(ola.id)
    try:
        contacts.get_contact(ola.id)
    except NotFoundException as refused:
        assert refused.data.code == "contact.not_found"
    else:
        raise AssertionError("a contact that was deleted is found")
