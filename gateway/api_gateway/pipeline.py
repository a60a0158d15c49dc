"""What happens to every request of the API, in this order, and nowhere else.

request id → client address → (without a login: ceiling on what is under way) → global IP rules → rate limit of the
address → authentication → account's and key's IP rules → rate limits of account and key → operator, session, permission
→ ceilings on what is under way at once → schema → idempotency → one RPC → answer
"""

from __future__ import annotations

from typing import Any

from flask import Response, g, request

from api_gateway import addresses, body, ceilings, cursors, etags, problems, told_answers
from api_gateway.access import Principal, bearer_token, is_bearer
from api_gateway.context import RequestContext, is_for_operators
from api_gateway.idempotency import KeyLock, fingerprint, read_key
from api_gateway.limits import HOUR
from api_gateway.request_fields import RequestFields
from api_gateway.routing import ANYONE, PUBLIC, Route
from api_gateway.validation import Checker
from api_gateway.wiring import Wiring
from chassis.logs import bind
from contracts.errors import Forbidden, Unauthenticated, WiciError, account_required, operator_required
from contracts.permissions import is_granted

OPERATOR_PATHS = "/v1/operator/"


class Endpoint:
    """The view of one route."""

    def __init__(self, wiring: Wiring, route: Route) -> None:
        self._wiring = wiring
        self._route = route
        names = frozenset(route.path_parameters)
        self._query = Checker(route.query, names, is_json=False) if route.query else None
        self._body = Checker(route.request, names, is_json=True) if route.request else None
        self._fields = RequestFields(route)
        self._takes_if_match = etags.takes_if_match(route)

    def __call__(self, **path: Any) -> Response:
        context = RequestContext(self._wiring, self._route, g.request_id, g.address)
        context.payload = {name: str(value) for name, value in path.items()}
        if self._route.bare:
            return self._perform(context)
        self._wiring.global_rules.check(context.address)
        if self._route.path.startswith(OPERATOR_PATHS):
            self._wiring.operator_rules.check(context.address)
        self._identify(context)
        self._authorise(context)
        if context.principal is not None:
            self._wiring.hold_place(f"account:{_owner(context.principal)}", self._wiring.config.account_requests)
        with context.slots:
            self._take_slot(context)
            with self._fields.named():
                context.payload = self._payload(context)
            answer = self._answer(context)
            if answer.direct_passthrough:  # A download goes on after this.
                answer.response = ceilings.Sent(answer, context.slots.pop_all().close)
        return answer

    @property
    def counts_by_address(self) -> bool:
        """Whether the request at hand takes one of its address's places, and not its account's once that is known.

        What is no token at all is nobody's. Links and health take none: what they answer holds no thread, and they have
        to work for who shares an address.
        """
        if self._route.quick:
            return False
        return self._route.permission == PUBLIC or not is_bearer(request.headers.get("Authorization"))

    def _identify(self, context: RequestContext) -> None:
        wiring, is_public = self._wiring, self._route.permission == PUBLIC
        token = None if is_public else bearer_token(request.headers.get("Authorization"))
        principal = wiring.access.recall(token, context.address) if token else None
        if principal is None:
            # A caller that is not known yet costs identity a question, so the address pays first.
            self._spend(context, f"address:{context.neighbourhood}", wiring.config.address_rate)
        if is_public:
            return
        if token is None:
            raise Unauthenticated("session.missing", "Log in first, or send an API key.")
        context.principal = principal or self._ask_who(context, token)
        bind(account_id=context.principal.account_id)
        addresses.check_account_rules(context.address, context.principal.ip_lists)
        if context.principal.kind == "operator":  # on the other routes too
            if not is_for_operators(wiring):
                raise Unauthenticated("session.invalid", "Operators have an address of their own.")
            wiring.operator_rules.check(context.address)
        self._spend_principal(context, context.principal)

    def _ask_who(self, context: RequestContext, token: str) -> Principal:
        """Whose token it is. Until that is known, and for good where it is nobody's, it takes a place of its address.

        As many as of an account: one that asks so much at once is unknown again whenever what is remembered ends.
        """
        wiring = self._wiring
        give_back = wiring.hold_place(f"caller:{context.neighbourhood}", wiring.config.account_requests)
        principal = wiring.access.authenticate(token, context.actor)
        give_back()
        return principal

    def _spend_principal(self, context: RequestContext, principal: Principal) -> None:
        config = self._wiring.config
        self._spend(context, f"account:{_owner(principal)}", config.account_rate)
        if principal.api_key_id is not None:
            self._spend(context, f"key:{principal.api_key_id}", config.key_rate)

    def _spend(self, context: RequestContext, subject: str, limit: int) -> None:
        allowance = self._wiring.limiter.spend(subject, limit)
        lowest = context.allowance
        if limit > 0 and (lowest is None or subject.startswith("account:") or allowance.remaining < lowest.remaining):
            context.allowance = g.allowance = allowance

    def _authorise(self, context: RequestContext) -> None:
        route, principal = self._route, context.principal
        if principal is None:
            return
        if route.operator:
            if principal.kind != "operator":
                raise operator_required()
            return
        if route.needs_account and principal.account_id is None:
            raise account_required()
        if route.session_only and principal.kind == "api_key":
            raise Forbidden("session.required", "This needs a logged-in session; an API key cannot do it.")
        if route.permission != ANYONE and not is_granted(route.permission, principal.permissions):
            if principal.second_factor_due:
                raise Forbidden(
                    "second_factor.required",
                    "The account requires a second factor: set it up (POST /v1/me/totp), and try again.",
                )
            raise Forbidden(
                "permission.missing", "The permission for this is missing.", {"permission": route.permission}
            )

    def _take_slot(self, context: RequestContext) -> None:
        """A slot of what the route takes, or its body that is long as it comes."""
        if context.principal is None:
            body.require_short(request)
        elif self._route.ceiling is not None:
            self._take(self._route.ceiling, context, context.principal)
        elif body.is_long(request):
            self._take(ceilings.UPLOADS, context, context.principal)

    def _take_slot_of_long_body(self, context: RequestContext) -> None:
        """The same, of a body that is long now that it is inflated."""
        if context.principal is None:
            raise body.too_large(body.STRANGERS_BODY)
        if self._route.ceiling is None and not body.is_long(request):
            self._take(ceilings.UPLOADS, context, context.principal)

    def _take(self, kind: str, context: RequestContext, principal: Principal) -> None:
        owner, wiring = _owner(principal), self._wiring
        if kind == ceilings.DOWNLOADS:
            if not wiring.downloads.try_take(owner):
                raise ceilings.no_download()
            context.slots.callback(wiring.downloads.give_back, owner)
        context.slots.callback(wiring.slots.take(kind, owner, getattr(wiring.config, f"account_{kind}")))

    def _payload(self, context: RequestContext) -> dict[str, Any]:
        route, path = self._route, context.payload
        payload: dict[str, Any] = dict(path)
        if request.query_string:
            pairs = body.parse_query(request.query_string)
            if self._query is None and pairs:
                raise body.unknown_field(pairs[0][0])
            if self._query is not None:
                values = self._query.query_values(pairs)
                self._query.check(values, path)
                payload.update(values)
        elif self._query is not None:
            self._query.check({}, path)
        if route.method != "GET" and route.consumes == "application/json" and not route.reads_body:
            payload.update(self._json_body(context))
        if self._takes_if_match and (tags := etags.wanted(request)) is not None:
            payload["if_match"] = tags
        if payload.get("cursor") is not None:
            payload["cursor"] = cursors.taken(route, payload, payload["cursor"])
        return payload

    def _json_body(self, context: RequestContext) -> dict[str, Any]:
        limit = self._wiring.config.max_body
        sent = body.read_object(request, limit, lambda: self._take_slot_of_long_body(context))
        if self._body is None:
            if sent:
                raise body.unknown_field(next(iter(sent)))
            return {}
        self._body.check(sent, context.payload)
        return sent

    def _answer(self, context: RequestContext) -> Response:
        key = read_key(request.headers.get("Idempotency-Key")) if self._route.idempotent else None
        if key is None:
            return self._perform(context)
        principal = context.principal
        assert principal is not None  # Route refuses to be idempotent and PUBLIC.
        holder = principal.account_id or principal.operator_id
        if holder is None:
            raise account_required()
        mark = fingerprint(f"{self._route.method} {self._route.path}", context.payload)
        lock = self._wiring.idempotency.begin(holder, key, mark, self._route.deadline)
        if not isinstance(lock, KeyLock):
            return lock
        context.request_key = g.request_key = str(lock.request_key)
        try:
            answer = self._perform(context)
        except WiciError as error:
            answer = problems.problem(error)
        except Exception:
            self._wiring.idempotency.unlock(lock)
            raise
        self._wiring.idempotency.finish(lock, answer)
        return answer

    def _perform(self, context: RequestContext) -> Response:
        route = self._route
        if route.hourly is not None:
            rate: int = getattr(self._wiring.config, route.hourly)
            of = f":{context.payload[route.hourly_of]}" if route.hourly_of else ""
            self._wiring.limiter.spend(f"{route.hourly}:{context.neighbourhood}{of}", rate, HOUR)
        with self._fields.named():
            if route.handler is not None:
                return route.handler(context)
            assert route.rpc is not None  # Route refuses to be without both.
            return told_answers.answer(context, context.call(route.rpc))


def _owner(principal: Principal) -> str:
    """Whose limits count: the account's, or the operator's own."""
    return principal.account_id or f"operator:{principal.operator_id}"
