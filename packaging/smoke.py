"""Places one call between two linphones, and shows what the caller sent next to what the callee received. Exit status 0
when the call worked, media flowed both ways, and nothing that the callee need not know arrived.

    smoke.py DEMO                        through a sottod of its own with the demo's certificates and accounts, whose audit
                                         log is verified too: packaging/quickstart --smoke
    smoke.py PID ACCOUNTS AUTHORITY      through the sottod that listens at port 5061 in the network of process PID, with two
                                         accounts of it (lines of address,password) and whoever has certified it
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "clients")]

import network               # noqa: E402
import tone                  # noqa: E402
from linphone import Linphone  # noqa: E402

WIDTH = 58


def start_daemon(demo: Path, state: Path) -> subprocess.Popen:
    """A sottod beside one that may be running: the demo's configuration, but for where it keeps its state."""
    text = (demo / "sotto.yaml").read_text()
    text = text.replace(f"{demo}/state", str(state)).replace(f"{demo}/admin.sock", f"{state}/sock")
    config = state / "sotto.yaml"
    config.write_text(text.replace("weaken: { ", "weaken: { tls12: true, "))   # the TLS library of Debian's linphone ends at version 1.2
    binaries = Path(os.environ["SOTTO_BIN"])
    subprocess.run([binaries / "sotto", "--config", config, "account", "import", "--csv", demo / "accounts.csv"],
                   check=True, stdout=subprocess.DEVNULL)
    daemon = subprocess.Popen([binaries / "sottod", "--config", config], stderr=subprocess.PIPE, text=True)
    for line in daemon.stderr:
        if "ready" in line:
            threading.Thread(target=daemon.stderr.read, daemon=True).start()   # what it logs from now on
            return daemon
    raise SystemExit(f"sottod ended with {daemon.wait()}")


def fields(message: str) -> dict:
    """Start line and headers of a message by name, several of one name joined; the body's lines by their beginning."""
    head, _, body = message.partition("\n\n")
    lines = head.split("\n")
    out = {"(start line)": lines[0]}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        out[name] = f"{out[name]}, {value.strip()}" if name in out else value.strip()
    for line in body.strip().split("\n"):
        key = f"SDP {line[:2]}" + (line[2:].split(":")[0] if line.startswith("a=") else "")
        out[key] = f"{out[key]} | {line[2:]}" if key in out else line[2:]
    return out


def cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[:WIDTH - 3] + "..."


def show(sender: str, sent: str, receiver: str, received: str) -> list:
    """Prints both messages side by side; returns the names of what was removed."""
    left, right = fields(sent), fields(received)
    print(f"{'':26}{f'the {sender} sent':{WIDTH}}  the {receiver} received")
    removed = []
    for name in [*left, *(n for n in right if n not in left)]:
        if name not in right:
            removed.append(name)
        print(f"{name[:25]:26}{cut(left.get(name, '')):{WIDTH}}  {cut(right.get(name, '(removed)'))}")
    return removed


def leaks(sent: str, received: str) -> list:
    """What of the caller's own choosing must not have arrived."""
    mine = fields(sent)
    tag = mine["From"].rpartition("tag=")[2]
    contact = mine["Contact"].partition("<")[2].partition(">")[0]
    values = {"Call-ID": mine["Call-ID"], "tag": tag, "Contact": contact, "User-Agent": mine["User-Agent"],
              "branch": mine["Via"].rpartition("branch=")[2].split(";")[0]}
    return [name for name, value in values.items() if value and value in received]


def find(phone: Linphone, sent: bool, start: str, holding: str = "") -> str:
    """The last such message in the phone's own log."""
    found = [text for was_sent, text in phone.messages()
             if was_sent == sent and text.startswith(start) and holding in text]
    if not found:
        raise AssertionError(f"{phone.user} has {'sent' if sent else 'received'} no {start}")
    return found[-1]


def place_call(folder: Path, accounts_file: Path, authority: Path) -> bool:
    accounts = [line.split(",") for line in accounts_file.read_text().split()]
    phones = []
    try:
        for number, (address, password) in enumerate(accounts):
            user, domain = address.split("@")
            phones.append(Linphone(folder / user, user, password, domain, 5061, authority,
                                   7100 + 100 * number, answers=number == 1))
        caller, callee = phones
        sound = tone.write(folder / "tone.wav")
        for phone in phones:
            phone.is_registered()
            phone.command("soundcard use files")
            phone.command(f"play {sound}")
        print("Both phones have registered.", flush=True)
        caller.command(f"call sip:{accounts[1][0]}")
        for phone in phones:
            phone.says("LinphoneCallStreamsRunning")
            phone.media_flow()
        print("The call is answered and encrypted from end to end (DTLS-SRTP).", flush=True)
        caller.command("terminate")
        for phone in phones:
            phone.says("to LinphoneCallReleased")
        sent, received = find(caller, True, "INVITE "), find(callee, False, "INVITE ")
        print("\nThe INVITE:\n")
        removed = show("caller", sent, "callee", received)
        print("\nThe answer, 200 OK to the INVITE:\n")
        show("callee", find(callee, True, "SIP/2.0 200", " INVITE"),
             "caller", find(caller, False, "SIP/2.0 200", " INVITE"))
        counts = {phone.user: phone.packets() for phone in phones}
        print()
        for user, (out, into) in counts.items():
            print(f"{user}: {out} RTP packets sent, {into} received")
        leaked = leaks(sent, received)
        print(f"Removed on the way: {', '.join(removed) or 'nothing'}")
        print(f"Identifiers of the caller that arrived: {', '.join(leaked) or 'none'}")
        for phone in phones:
            phone.quit()
        return not leaked and all(n > 0 for pair in counts.values() for n in pair)
    except AssertionError as fault:
        print(fault, file=sys.stderr)
        return False
    finally:
        for phone in phones:
            phone.kill()


def audit_log_is_whole(state: Path) -> bool:
    """What the operator has done for this call, and that nobody has changed the record of it."""
    sotto = [Path(os.environ["SOTTO_BIN"]) / "sotto", "--config", state / "sotto.yaml"]
    verified = subprocess.run([*sotto, "--json", "audit", "verify"], stdout=subprocess.PIPE, text=True)
    if verified.returncode == 0:
        print(f"The audit log is whole: {json.loads(verified.stdout)['entries']} entries.", flush=True)
    return verified.returncode == 0


def through_running(pid: int, accounts_file: Path, authority: Path) -> bool:
    network.join(pid)
    with tempfile.TemporaryDirectory(prefix="sotto-smoke-") as folder:
        return place_call(Path(folder), accounts_file, authority)


def through_demo(demo: Path) -> bool:
    try:
        network.enter()
    except unittest.SkipTest as reason:
        print(f"{reason}. The two phones need one: run packaging/quickstart --smoke as root.", file=sys.stderr)
        return False
    with tempfile.TemporaryDirectory(prefix="sotto-smoke-") as name:
        folder = Path(name)
        state = folder / "state"
        state.mkdir(mode=0o700)
        daemon = start_daemon(demo, state)
        try:
            worked = place_call(folder, demo / "accounts.csv", demo / "tls" / "ca.pem") and audit_log_is_whole(state)
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                ended = daemon.wait(40)
            except subprocess.TimeoutExpired:
                daemon.kill()
                ended = daemon.wait()
        worked = worked and audit_log_is_whole(state)   # and once more at rest
    if ended != 0:
        print(f"sottod ended with {ended}.", file=sys.stderr)
    return worked and ended == 0


def main() -> int:
    if len(sys.argv) == 2:
        worked = through_demo(Path(sys.argv[1]))
    elif len(sys.argv) == 4:
        worked = through_running(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        print(__doc__, file=sys.stderr)
        return 2
    print("\nIt works." if worked else "\nIt does not work.")
    return 0 if worked else 1


if __name__ == "__main__":
    sys.exit(main())
