"""identity in its thinnest form, for tests that need its answers and not its rules: `nameko run identity_stand_in`."""

from chassis.service import Health, rpc


class Identity:
    name = "identity"
    health = Health()

    @rpc
    def get_account(self, actor, payload):
        account = {
            "account_id": actor["account_id"],
            "name": "toys",
            "state": "active",
            "plan": {"price": {"amount": 1}},
        }
        return {**account, "time_zone": "Europe/Warsaw", "default_region": "PL"}

    @rpc
    def check_limit(self, actor, payload):
        return {"limit": None}

    @rpc
    def reserve_quota(self, actor, payload):
        return {"reserved": payload["amount"], "remaining": 10**6}

    @rpc
    def lease_quota(self, actor, payload):
        return {"granted": payload["at_least"], "has_ended": False}

    @rpc
    def use_quota(self, actor, payload):
        return {"used": payload["amount"], "reserved": payload["amount"]}

    @rpc
    def release_quota(self, actor, payload):
        return {"released": 0}
