"""Users and their roles."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from identity.models import Account, Plan, Role, User, UserRole


def insert_user(session: Session, **columns: Any) -> bool:
    """Add a user; False when the login is taken, in whatever account."""
    statement = insert(User).values(columns).on_conflict_do_nothing(index_elements=["login"]).returning(User.id)
    return session.scalar(statement) is not None


def user_by_login(session: Session, *, login: str) -> User | None:
    return session.scalar(select(User).where(User.login == login))


def user(session: Session, *, account_id: UUID, user_id: UUID) -> User | None:
    return session.scalar(select(User).where(User.id == user_id, User.account_id == account_id))


def user_at_home(session: Session, *, account_id: UUID, user_id: UUID) -> tuple[User, Account, Plan] | None:
    """A user with the account and its plan, by one question."""
    query = (
        select(User, Account, Plan)
        .join(Account, Account.id == User.account_id)
        .join(Plan, Plan.code == Account.plan_code)
        .where(User.id == user_id, User.account_id == account_id)
    )
    return session.execute(query).one_or_none()


def user_for_update(session: Session, *, account_id: UUID, user_id: UUID) -> User | None:
    query = select(User).where(User.id == user_id, User.account_id == account_id)
    return session.scalar(query.with_for_update(), execution_options={"populate_existing": True})


def owner_of(session: Session, *, account_id: UUID) -> User | None:
    return session.scalar(select(User).where(User.account_id == account_id, User.is_owner))


def as_checked(session: Session, checked: User) -> User | None:
    """The user as it is now, locked, if nothing has changed since the check; None when blocked, gone, or secured again.

    Verifying a password takes long. Changing the password, resetting the second factor or blocking the user ends
    sessions and drops links: what the old password opens a moment later would be missed.
    """
    current = user_for_update(session, account_id=checked.account_id, user_id=checked.id)
    if current is None or current.state != "active":
        return None
    is_same = (current.password_hash, current.totp_confirmed_at) == (checked.password_hash, checked.totp_confirmed_at)
    return current if is_same else None


def any_user_for_update(session: Session, *, user_id: UUID) -> User | None:
    """A user of whatever account: for operators, and for links that name the user alone."""
    return session.scalar(
        select(User).where(User.id == user_id).with_for_update(), execution_options={"populate_existing": True}
    )


def any_user(session: Session, *, user_id: UUID) -> User | None:
    """A user of whatever account, for links that name the user alone."""
    return session.get(User, user_id)


def _fitting(account_id: UUID, words: Sequence[str]) -> Select[User]:
    called = func.concat_ws(" ", User.login, User.name, User.email)
    return select(User).where(User.account_id == account_id, *(called.op("~")(word) for word in words))


def users_page(
    session: Session,
    *,
    account_id: UUID,
    words: Sequence[str],
    after: UUID | None,
    limit: int,
    newest_first: bool,
) -> Sequence[User]:
    """Those whose login, name or address holds every word (patterns of `chassis.words`)."""
    query = _fitting(account_id, words)
    if after is not None:
        query = query.where(User.id < after if newest_first else User.id > after)
    return session.scalars(query.order_by(User.id.desc() if newest_first else User.id).limit(limit)).all()


def count_users(session: Session, *, account_id: UUID, words: Sequence[str], most: int) -> int:
    """How many fit, counted to `most`."""
    some = _fitting(account_id, words).with_only_columns(User.id).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def delete_user(session: Session, *, user_id: UUID) -> None:
    """Sessions, keys and everything else of the user go with it."""
    session.execute(delete(User).where(User.id == user_id))


def use_totp_step(session: Session, *, user_id: UUID, step: int) -> bool:
    """Take the time step for good; False when it, or a later one, has been used."""
    statement = update(User).where(User.id == user_id, User.totp_last_step < step).values(totp_last_step=step)
    return session.scalar(statement.returning(User.id)) is not None


def roles_of(session: Session, *, user_ids: Collection[UUID]) -> dict[UUID, list[Role]]:
    """Roles by user id."""
    query = select(UserRole.user_id, Role).join(Role, Role.id == UserRole.role_id).where(UserRole.user_id.in_(user_ids))
    roles_by_user_id: dict[UUID, list[Role]] = {user_id: [] for user_id in user_ids}
    for user_id, role in session.execute(query.order_by(Role.name)):
        roles_by_user_id[user_id].append(role)
    return roles_by_user_id


def known_roles(session: Session, *, account_id: UUID, role_ids: Collection[UUID]) -> set[UUID]:
    """Which of `role_ids` are the account's; locked until the commit, so that none is deleted a moment later."""
    query = select(Role.id).where(Role.account_id == account_id, Role.id.in_(role_ids))
    return set(session.scalars(query.order_by(Role.id).with_for_update(read=True, key_share=True)))


def replace_roles(session: Session, *, user_id: UUID, role_ids: Collection[UUID]) -> None:
    session.execute(delete(UserRole).where(UserRole.user_id == user_id))
    if role_ids:
        session.execute(insert(UserRole), [{"user_id": user_id, "role_id": role_id} for role_id in set(role_ids)])


def users_at(session: Session, *, email: str, account_name: str) -> list[User]:
    """The account's active users with that address (in normal form; letters of any size)."""
    query = (
        select(User)
        .join(Account, Account.id == User.account_id)
        .where(Account.name == account_name, User.state == "active", Account.state != "closed")
        .order_by(User.id)
    )
    return [user for user in session.scalars(query) if user.email.casefold() == email.casefold()]
