"""The audit trail: whatever can be changed through the API is told of, and operators always say why."""

import json
import re
from pathlib import Path

import pytest
from system import source_of

from api_gateway.routes import all_routes

ROOT = Path(__file__).parents[2]
CHANGES = [route for route in all_routes() if route.method != "GET"]

# What each call records. A route that changes something and is not here fails: say which act it records, or in NO_ACT
# why it records none.
ACTS = {
    "campaigns.cancel_campaign": "campaign.cancelled",
    "campaigns.cancel_chain": "message.cancelled",
    "campaigns.approve_campaign": "campaign.approved",
    "campaigns.boost_campaign": "campaign.boosted",
    "campaigns.choose_winner": "campaign.winner_chosen",
    "campaigns.create_campaign": "campaign.created",
    "campaigns.create_template": "template.created",
    "campaigns.copy_template": "template.created",
    "campaigns.restore_template_version": "template.changed",
    "campaigns.delete_campaign": "campaign.deleted",
    "campaigns.delete_template": "template.deleted",
    "campaigns.duplicate_campaign": "campaign.created",
    "campaigns.follow_up_campaign": "campaign.created",
    "campaigns.pause_campaign": "campaign.paused",
    "campaigns.reschedule_campaign": "campaign.rescheduled",
    "campaigns.resume_campaign": "campaign.resumed",
    "campaigns.schedule_campaign": "campaign.scheduled",
    "campaigns.set_campaign_rules": "campaign_rules.set",
    "campaigns.unschedule_campaign": "campaign.unscheduled",
    "campaigns.update_campaign": "campaign.changed",
    "campaigns.update_template": "template.changed",
    "campaigns.create_unsubscribe_page": "unsubscribe_page.created",
    "campaigns.delete_unsubscribe_page": "unsubscribe_page.deleted",
    "campaigns.update_unsubscribe_page": "unsubscribe_page.changed",
    "campaigns.create_link": "link.created",
    "campaigns.delete_link": "link.deleted",
    "campaigns.update_link": "link.changed",
    "campaigns.create_file": "file.created",
    "campaigns.delete_file": "file.deleted",
    "campaigns.update_file": "file.changed",
    "contacts.set_frequency_cap": "frequency_cap.set",
    "contacts.archive_addresses": "archive.added",
    "contacts.cancel_bulk": "bulk.cancelled",
    "contacts.cancel_combination": "groups.combining_cancelled",
    "contacts.cancel_import": "import.cancelled",
    "contacts.combine_groups": "groups.combining",
    "contacts.create_bulk": "bulk.started",
    "contacts.create_erasure": "person.erased",
    "contacts.create_export": "export.started",
    "contacts.create_field": "contact_field.created",
    "contacts.create_form": "form.created",
    "contacts.create_group": "group.created",
    "contacts.create_import": "import.started",
    "contacts.create_person_export": "person.exported",
    "contacts.create_segment": "segment.created",
    "contacts.delete_field": "contact_field.deleted",
    "contacts.delete_form": "form.deleted",
    "contacts.delete_group": "group.deleted",
    "contacts.delete_segment": "segment.deleted",
    "contacts.restore_address": "archive.restored",
    "contacts.update_field": "contact_field.changed",
    "contacts.update_form": "form.changed",
    "contacts.update_group": "group.changed",
    "contacts.update_segment": "segment.changed",
    "email_gateway.check_sender_domain": "sender_domain.verified",
    "email_gateway.confirm_sender_address": "sender_address.confirmed",
    "email_gateway.create_mail_route": "mail_route.created",
    "email_gateway.create_ip_pool": "ip_pool.created",
    "email_gateway.check_ip_pool": "ip_pool.checked",
    "email_gateway.update_ip_pool": "ip_pool.changed",
    "email_gateway.delete_ip_pool": "ip_pool.deleted",
    "email_gateway.add_ip_address": "ip_pool.address_added",
    "email_gateway.delete_ip_address": "ip_pool.address_deleted",
    "email_gateway.resume_ip_pool": "ip_pool.resumed",
    "email_gateway.put_account_ip_pool": "account.ip_pool_set",
    "email_gateway.create_sender_address": "sender_address.added",
    "email_gateway.send_sender_address_code": "sender_address.code_sent",
    "email_gateway.delete_sender_address": "sender_address.deleted",
    "email_gateway.create_smtp_account": "smtp_account.created",
    "email_gateway.update_smtp_account": "smtp_account.changed",
    "email_gateway.rotate_smtp_account": "smtp_account.rotated",
    "email_gateway.delete_smtp_account": "smtp_account.deleted",
    "email_gateway.block_addresses": "smtp_account.addresses_blocked",
    "email_gateway.unblock_address": "smtp_account.address_unblocked",
    "email_gateway.create_sender_domain": "sender_domain.added",
    "email_gateway.delete_mail_route": "mail_route.deleted",
    "email_gateway.rotate_sender_domain_keys": "sender_domain.keys_made",
    "email_gateway.update_sender_domain": "sender_domain.changed",
    "email_gateway.delete_sender_domain": "sender_domain.deleted",
    "email_gateway.verify_domain": "sender_domain.approved",
    "identity.add_trial_number": "trial_number.code_sent",
    "identity.cancel_invoice": "invoice.cancelled",
    "identity.change_password": "password.changed",
    "identity.close_account": "account.closed",
    "identity.confirm_email_change": "email.changed",
    "identity.confirm_trial_number": "trial_number.confirmed",
    "identity.confirm_totp": "totp.turned_on",
    "identity.correct_invoice": "invoice.corrected",
    "identity.create_api_key": "api_key.created",
    "identity.create_operator_session": "operator.session_opened",
    "identity.create_plan": "plan.created",
    "identity.create_role": "role.created",
    "identity.create_session": "session.opened",
    "identity.create_user": "user.created",
    "identity.delete_role": "role.deleted",
    "identity.delete_trial_number": "trial_number.deleted",
    "identity.delete_user": "user.deleted",
    "identity.disable_totp": "totp.turned_off",
    "identity.end_trial": "account.trial_ended",
    "identity.end_session": "session.ended",
    "identity.issue_invoice": "invoice.issued",
    "identity.issue_invoice_duplicate": "invoice.duplicate_issued",
    "identity.lift_suspension": "account.suspension_lifted",
    "identity.mark_invoice_paid": "invoice.paid",
    "identity.prove_session": "session.proved",
    "identity.register_account": "account.registered",
    "identity.request_closure": "account.closure_requested",
    "identity.update_api_key": "api_key.renamed",
    "identity.rotate_api_key": "api_key.rotated",
    "identity.accept_invitation": "invitation.accepted",
    "identity.end_user_session": "user.sessions_ended",
    "identity.end_user_sessions": "user.sessions_ended",
    "identity.invite_user_again": "user.invited",
    "identity.renew_recovery_codes": "totp.codes_renewed",
    "identity.reset_user_password": "user.password_reset",
    "identity.reset_user_second_factor": "totp.reset",
    "identity.withdraw_closure": "account.closure_withdrawn",
    "identity.request_email_change": "email.change_requested",
    "identity.request_password_reset": "password.reset_requested",
    "identity.reset_ip_rules": "account.ip_rules_reset",
    "identity.reset_password": "password.reset",
    "identity.reset_second_factor": "totp.reset",
    "identity.revoke_api_key": "api_key.revoked",
    "identity.set_ip_rules": "account.ip_rules_set",
    "identity.set_plan": "account.plan_set",
    "identity.set_rights": "user.rights_set",
    "identity.set_security": "account.security_set",
    "identity.set_vat_number": "account.vat_number_set",
    "identity.suspend_account": "account.suspended",
    "identity.update_account": "account.changed",
    "identity.update_me": "user.changed",
    "identity.update_plan": "plan.changed",
    "identity.update_role": "role.changed",
    "identity.update_user": "user.changed",
    "reporting.create_report_schedule": "report_schedule.created",
    "reporting.delete_report_schedule": "report_schedule.deleted",
    "reporting.create_webhook": "webhook.created",
    "reporting.delete_webhook": "webhook.deleted",
    "reporting.replay_webhook": "webhook.replayed",
    "reporting.replay_webhook_delivery": "webhook.replayed",
    "reporting.rotate_webhook_key": "webhook_key.rotated",
    "reporting.rotate_webhook_secret": "webhook.secret_rotated",
    "reporting.update_webhook": "webhook.changed",
    "ott_gateway.decide_sender": "whatsapp_sender.decided",
    "viber_gateway.decide_sender": "viber_bot.decided",
    "viber_gateway.request_sender": "viber_bot.requested",
    "viber_gateway.create_invitation": "viber_invitation.created",
    "ott_gateway.refresh_templates": "whatsapp_templates.refreshed",
    "ott_gateway.request_sender": "whatsapp_sender.requested",
    "push_gateway.create_application": "application.created",
    "push_gateway.delete_application": "application.deleted",
    "push_gateway.delete_device": "device.deleted",
    "push_gateway.rotate_proof_key": "application.rotated",
    "push_gateway.update_application": "application.changed",
    "rcs_gateway.decide_agent": "agent.decided",
    "rcs_gateway.request_agent": "agent.requested",
    "rcs_gateway.set_agent_credentials": "agent.set_up",
    "sms_gateway.accept_sender_id": "sender_id.accepted",
    "sms_gateway.create_carrier": "carrier.created",
    "sms_gateway.test_carrier": "carrier.tested",
    "sms_gateway.set_sms_countries": "account.sms_countries_changed",
    "sms_gateway.set_sms_range_limit": "account.sms_range_limit_changed",
    "sms_gateway.release_sms_range": "sms_range.released",
    "sms_gateway.drop_sms_range": "sms_range.dropped",
    "sms_gateway.create_sms_price": "sms_price.created",
    "sms_gateway.delete_sms_price": "sms_price.deleted",
    "sms_gateway.create_route": "route.created",
    "sms_gateway.create_smpp_account": "smpp_account.created",
    "sms_gateway.decide_sender_id": "sender_id.decided",
    "sms_gateway.create_sms_keyword": "sms_keyword.created",
    "sms_gateway.delete_carrier": "carrier.deleted",
    "sms_gateway.delete_route": "route.deleted",
    "sms_gateway.delete_smpp_account": "smpp_account.deleted",
    "sms_gateway.delete_sms_keyword": "sms_keyword.deleted",
    "sms_gateway.request_sender_id": "sender_id.requested",
    "sms_gateway.rotate_smpp_password": "smpp_account.rotated",
    "sms_gateway.update_carrier": "carrier.changed",
    "sms_gateway.update_route": "route.changed",
    "sms_gateway.set_stop_confirmation": "stop_confirmation.changed",
    "sms_gateway.update_smpp_account": "smpp_account.changed",
    "sms_gateway.update_sms_keyword": "sms_keyword.changed",
}
_READS = "it only reads"
_MESSAGE = "messages stand in the message log, each with who it was for"
_PERSON = "single contacts are data, not settings; imports, exports and erasures of them are told of"
_STRANGER = "done by the person the contact is, who is no user of the account; kept as the consent's own history"
_CARRIER = "a carrier tells of messages; what it says stands in the message log"
_TOOL = "contacts, which it asks on the caller's behalf, tells of it"
NO_ACT = {
    "campaigns.preview_campaign": _READS,
    "campaigns.preview_content": _READS,
    "campaigns.check_content": _READS,
    "campaigns.test_campaign": _MESSAGE,
    "contacts.add_to_group": _PERSON,
    "contacts.break_down_audience": _READS,
    "contacts.count_segment": _READS,
    "contacts.create_contact": _PERSON,
    "contacts.delete_contact": _PERSON,
    "contacts.find_contacts": _READS,
    "contacts.remove_from_group": _PERSON,
    "contacts.update_contact": _PERSON,
    "contacts.upsert_contacts": _PERSON,
    "email_gateway.send_messages": _MESSAGE,
    "identity.begin_totp": "nothing is in force until it is confirmed",
    "identity.refresh_session": "the session goes on; its last use is kept with it",
    "reporting.archive_report_recipients": _TOOL,
    "reporting.create_report_group": _TOOL,
    "reporting.test_url": "it changes nothing; what was sent is shown for an hour",
    "reporting.test_webhook": "it changes nothing; what was sent stands in the log of deliveries",
    "push_gateway.forget_device": _STRANGER,
    "push_gateway.register_device": _STRANGER,
    "ott_gateway.send_messages": _MESSAGE,
    "viber_gateway.send_messages": _MESSAGE,
    "push_gateway.send_messages": _MESSAGE,
    "rcs_gateway.revoke_message": _MESSAGE,
    "rcs_gateway.revoke_messages": _MESSAGE,
    "rcs_gateway.send_messages": _MESSAGE,
    "sms_gateway.count_parts": _READS,
    "sms_gateway.send_messages": _MESSAGE,
    "campaigns.send_chain": _MESSAGE,
}
# Routes with a handler of their own, by the call that makes the change.
BY_HANDLER = {
    "POST /v1/sessions": "identity.create_session",
    "POST /v1/sessions/refresh": "identity.refresh_session",
    "DELETE /v1/sessions/{session_id}": "identity.end_session",
    "POST /v1/imports": "contacts.create_import",
    "POST /v1/files": "campaigns.create_file",
    "POST /v1/contents/check": "campaigns.check_content",
    "POST /v1/contents/preview": "campaigns.preview_content",
    "POST /v1/imports/preview": "contacts.find_contacts",
    "POST /v1/forms/{form_id}/submissions": _STRANGER,
    "POST /hooks/carriers/{name}": _CARRIER,
    "POST /hooks/whatsapp/{name}": _CARRIER,
    "POST /hooks/viber/{name}": _CARRIER,
    "POST /hooks/rcs/{name}": _CARRIER,
    "POST /c/{token}": _STRANGER,
    "POST /u/{token}": _STRANGER,
    "POST /password-reset/{token}": "identity.reset_password",
    "POST /invitation/{token}": "identity.accept_invitation",
    "POST /email-change/{token}": "identity.confirm_email_change",
}


def by_name(route):
    return f"{route.method} {route.template}"


@pytest.mark.parametrize("route", CHANGES, ids=by_name)
def test_every_change_is_told_to_the_audit_trail(route):
    call = route.rpc or BY_HANDLER.get(by_name(route))

    assert call, "say in BY_HANDLER which call makes the change"
    assert call in ACTS or call in NO_ACT or call in (_STRANGER, _CARRIER), (
        f"say in ACTS which act {call} records, or in NO_ACT why"
    )


@pytest.mark.parametrize("call", ACTS)
def test_the_act_is_recorded_by_the_service_that_makes_the_change(call):
    assert any(f'"{ACTS[call]}"' in text for text in source_of(call.partition(".")[0]).values())


def test_what_is_recorded_has_a_call_that_still_exists():
    known = {route.rpc for route in CHANGES} | set(BY_HANDLER.values())

    assert set(ACTS) | set(NO_ACT) <= known


def test_an_act_has_one_form():
    assert [act for act in ACTS.values() if not re.fullmatch(r"[a-z_]+\.[a-z_]+", act)] == []


def test_the_panel_has_words_for_every_act():
    services = {call.partition(".")[0] for call in ACTS}
    texts = [text for service in services for text in source_of(service).values()]
    told = {found for text in texts for found in re.findall(r'action="([a-z_]+\.[a-z_]+)"', text)}
    recorded = told | set(ACTS.values())
    for language in ("en", "pl"):
        words = json.loads((ROOT / f"panel/src/i18n/{language}.json").read_text("utf-8"))["audit"]
        wordless = {act for act in recorded if not _is_said(act, words)}
        assert wordless == set(), language


def test_an_account_looks_for_every_noun_of_its_own_trail():
    text = (ROOT / "panel/src/areas/account/acts.ts").read_text("utf-8")
    of_platform = set(re.findall(r'"([a-z_]+)"', re.search(r"OF_PLATFORM = \[(.*?)\]", text).group(1)))
    calls = {route.rpc or BY_HANDLER[by_name(route)] for route in CHANGES if "/operator/" not in route.template}
    own = {ACTS[call].split(".")[0] for call in calls if call in ACTS}
    assert of_platform and own & of_platform == set()


def _is_said(act, words):
    noun, verb = act.split(".")
    return noun in words["nouns"] and verb in words["verbs"]


@pytest.mark.parametrize("route", [route for route in CHANGES if route.operator], ids=by_name)
def test_an_operator_says_why(route):
    asked = route.request or route.query

    assert asked is not None and asked().fields["reason"].required
