"""Proof that one target may serve one request until an instant; `clearing.py` alone can make one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, SupportsIndex

if TYPE_CHECKING:
    from zdr_router.policy.conditions import Forced
    from zdr_router.policy.request import Request
    from zdr_router.policy.standing import Standing
    from zdr_router.policy.target import Target
    from zdr_router.policy.trust import Trust

MINT: Final = object()
"""The token without which no clearance is made. Only `policy.clearing` imports it; a test watches that."""


class Clearance:
    """That `target` may serve `request`, with `forced` set on what leaves.

    It lapses when its standing does: at a date, or when the trust state changes.
    """

    __slots__ = ("forced", "request", "standing", "target")

    target: Target
    request: Request
    standing: Standing
    forced: tuple[Forced, ...]

    def __init__(
        self, mint: object, target: Target, request: Request, standing: Standing, forced: tuple[Forced, ...]
    ) -> None:
        """Refuse to exist unless made by the mint."""
        if mint is not MINT:
            message = "only policy.clearing makes a Clearance"
            raise TypeError(message)
        _SET_TARGET(self, target)
        _SET_REQUEST(self, request)
        _SET_STANDING(self, standing)
        _SET_FORCED(self, forced)

    @property
    def until(self) -> float:
        """The instant at which it lapses, in seconds since the epoch."""
        return self.standing.until

    def holds(self, now: float, trust: Trust | None) -> bool:
        """Whether it may still be used at `now`, given what is known of trust."""
        standing = self.standing
        return trust is not None and trust.fresh(standing.policy, now) and standing.holds(now, trust.epoch)

    def forced_members(self) -> dict[str, object]:
        """The members of the body in which something is forced, as they have to leave."""
        members: dict[str, object] = {}
        for forced in self.forced:
            root, *inner = forced.path
            if not inner:
                members[root] = forced.value
                continue
            if root not in members and root in self.request.requirements.parameters:
                members[root] = self.request.content.open().values()[root]
            forced.apply(members)
        return members

    def __setattr__(self, name: str, value: object) -> NoReturn:
        """Refuse: what was cleared stays what was cleared."""
        message = "a clearance cannot be changed"
        raise TypeError(message)

    def __init_subclass__(cls) -> NoReturn:
        """Refuse: there is one kind."""
        message = "a clearance has no other kinds"
        raise TypeError(message)

    def __repr__(self) -> str:
        """Which target, and until when."""
        return f"<clearance of {self.target.id} until {self.until:.0f}>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        """Refuse: a clearance is for this process, this request and now."""
        message = "a clearance cannot be copied or pickled"
        raise TypeError(message)


# The slots' own setters: the class refuses all others.
_SET_TARGET = Clearance.__dict__["target"].__set__
_SET_REQUEST = Clearance.__dict__["request"].__set__
_SET_STANDING = Clearance.__dict__["standing"].__set__
_SET_FORCED = Clearance.__dict__["forced"].__set__
