"""What a phone remembers between messages: dialogs (RFC 3261 12) and transactions (RFC 3261 17)."""

from .sip import Message, NameAddr

DIALOG_FORMING = ("INVITE", "SUBSCRIBE", "REFER")
TARGET_REFRESH = ("INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER")


class Dialog:
    """RFC 3261 12: the state of one dialog on one side."""

    def __init__(self, call_id: str, local: str, remote: str, local_tag: str, remote_tag: str) -> None:
        self.call_id, self.local, self.remote = call_id, local, remote   # addresses without tags
        self.local_tag, self.remote_tag = local_tag, remote_tag
        self.target = ""
        self.route_set: list = []
        self.local_cseq = 0
        self.remote_cseq: int | None = None
        self.confirmed = False

    @property
    def key(self) -> tuple:
        return self.call_id, self.local_tag, self.remote_tag


class ClientTransaction:
    def __init__(self, request: Message, dialog: Dialog | None) -> None:
        self.request, self.dialog = request, dialog
        self.responses: list = []
        self.final: Message | None = None
        self.answered_challenge = False

    @property
    def branch(self) -> str:
        return self.request.vias[0].branch


class ServerTransaction:
    def __init__(self, request: Message, dialog: Dialog | None) -> None:
        self.request, self.dialog = request, dialog
        self.tag = ""
        self.final: Message | None = None


def without_tag(address: str) -> str:
    """A From or To value without its tag, otherwise to the letter."""
    tag = NameAddr.parse(address).tag
    return address.replace(f";tag={tag}", "") if tag else address
