"""What is sent to the hooks of providers, and the tests that show what becomes of it."""

_GATEWAY, _SERVICES = "gateway/tests/unit", "services"

HOOK_CASES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "signs with another key, or not at all", "403, and nothing is passed on",
        (
            f"{_GATEWAY}/test_viber_hooks.py::test_what_is_not_signed_so_is_nobodys",
            f"{_GATEWAY}/test_whatsapp_hooks.py::test_what_is_not_signed_so_is_nobodys",
            f"{_GATEWAY}/test_rcs_hooks.py::test_another_token_and_a_changed_event_are_refused",
        ),
    ),
    (
        "signs another body", "the same",
        (
            f"{_GATEWAY}/test_whatsapp_hooks.py::test_a_signature_is_of_its_body_alone",
            f"{_GATEWAY}/test_viber_hooks.py::test_only_the_bots_own_token_signs",
            f"{_GATEWAY}/test_rcs_hooks.py::test_no_guess_at_a_signature_is_right",
        ),
    ),
    (
        "guesses names of hooks", "404, and ever more slowly",
        (
            f"{_GATEWAY}/test_whatsapp_hooks.py::test_names_are_guessed_slowly_and_a_known_one_is_asked_for_once",
            f"{_GATEWAY}/test_viber_hooks.py::test_a_name_that_is_none_asks_nobody",
            f"{_GATEWAY}/test_rcs_hooks.py::test_an_address_that_is_no_agents_is_none",
        ),
    ),
    (
        "sends more than a provider does", "413, unread",
        (
            f"{_GATEWAY}/test_whatsapp_hooks.py::test_a_batch_may_be_as_long_as_meta_makes_them",
            f"{_GATEWAY}/test_viber_hooks.py::test_nothing_longer_than_viber_writes_is_read",
            f"{_GATEWAY}/test_rcs_hooks.py::test_nothing_longer_than_google_writes_is_read",
        ),
    ),
    (
        "signs what is no object", "it is answered, so that it is not told for days, and passed on to nobody",
        (
            f"{_GATEWAY}/test_whatsapp_hooks.py::test_what_is_no_object_is_passed_on_to_nobody",
            f"{_GATEWAY}/test_viber_hooks.py::test_that_the_hook_is_set_and_what_tells_of_nothing_is_answered_and_passed_on_to_nobody",
        ),
    ),
    (
        "signs any bytes, or any document", "what is in it, or nothing",
        (
            f"{_SERVICES}/ott-gateway/tests/unit/test_wire.py::test_whatever_is_told_nothing_breaks",
            f"{_SERVICES}/viber-gateway/tests/unit/test_wire.py::test_rubbish_ends_in_nothing_or_in_what_a_database_holds",
            f"{_SERVICES}/rcs-gateway/tests/unit/test_limits.py::test_whatever_is_told_is_read_or_is_no_event",
            f"{_SERVICES}/viber-gateway/tests/integration/test_outbound.py::test_rubbish_at_a_hook_stops_nothing",
        ),
    ),
    (
        "tells everything twice", "it is told once",
        (
            f"{_SERVICES}/rcs-gateway/tests/integration/test_outbound.py::test_a_campaign_arrives_is_read_tapped_and_answered_once_however_often_it_is_told",
            f"{_SERVICES}/ott-gateway/tests/integration/test_outbound.py::test_a_template_goes_to_everybody_and_what_becomes_of_it_is_told_once",
            f"{_SERVICES}/viber-gateway/tests/integration/test_outbound.py::test_a_message_goes_to_who_has_subscribed_and_what_becomes_of_it_is_told_once",
        ),
    ),
    (
        "tells in another order", "the same end",
        (
            f"{_SERVICES}/ott-gateway/tests/unit/test_wire.py::test_reports_say_the_same_in_any_order_and_however_often",
            f"{_SERVICES}/viber-gateway/tests/unit/test_subscription.py::test_in_whatever_order_it_is_told_and_however_often_the_end_is_the_same",
            f"{_SERVICES}/rcs-gateway/tests/integration/test_store.py::test_a_start_that_comes_after_a_later_stop_takes_nothing_back",
        ),
    ),
    (
        "tells of a message before it is written down", "it waits for it",
        (f"{_SERVICES}/viber-gateway/tests/integration/test_outbound.py::test_what_is_told_before_a_message_is_written_down_finds_it_later",),
    ),
    (
        "tells of another account's message", "nothing",
        (
            f"{_SERVICES}/ott-gateway/tests/integration/test_outbound.py::test_nobody_tells_of_another_accounts_messages",
            f"{_SERVICES}/viber-gateway/tests/integration/test_outbound.py::test_an_answer_to_somebody_elses_message_answers_none",
        ),
    ),
)  # fmt: skip
