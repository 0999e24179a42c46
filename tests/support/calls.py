"""The courses of calls between two phones that tests begin with, end with or repeat. Tests of the courses themselves spell
them out."""

from .phone import Phone


class Calls:
    def call(self, caller: Phone, callee: Phone, **options) -> None:
        """Answered (RFC 3665 3.1). `options` are those of the INVITE."""
        caller.sends("INVITE", to=callee, **options)
        callee.receives("INVITE")
        callee.sends(180)
        caller.receives(180)
        callee.sends(200)
        caller.receives(200)
        caller.sends("ACK")
        callee.receives("ACK")

    def offer_again(self, one: Phone, other: Phone) -> None:
        """Within a call (RFC 3665 3.7)."""
        one.sends("INVITE", sdp=True)
        other.receives("INVITE")
        other.sends(200)
        one.receives(200)
        one.sends("ACK")
        other.receives("ACK")

    def hang_up(self, one: Phone, other: Phone) -> None:
        one.sends("BYE")
        other.receives("BYE")
        other.sends(200)
        one.receives(200)

    def call_and_give_up(self, caller: Phone, callee: Phone) -> None:
        """While it rings (RFC 3665 3.8)."""
        caller.sends("INVITE", to=callee)
        callee.receives("INVITE")
        callee.sends(180)
        caller.receives(180)
        caller.sends("CANCEL")
        caller.receives(200)
        callee.receives("CANCEL")
        callee.sends(200)
        callee.sends(487)
        callee.receives("ACK")
        caller.receives(487)
