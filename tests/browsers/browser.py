"""Pages in headless Chromium, driven through driver.mjs, and the server that they come from."""

import http.server
import json
import os
import queue
import ssl
import subprocess
import threading
from pathlib import Path

from support.limits import patience

HERE = Path(__file__).parent
INSTALLED = Path(os.environ.get("SOTTO_BROWSERS", HERE / "../../build/browsers")).resolve()
PAGES_NAME = "phone.example.org"


class PageServer:
    """https://phone.example.org:PORT with the test page and JsSIP."""
    FILES = {"/": (HERE / "page/index.html", "text/html"), "/phone.js": (HERE / "page/phone.js", "text/javascript"),
             "/jssip.js": (INSTALLED / "jssip.js", "text/javascript")}

    def __init__(self, authority, port: int) -> None:
        chain, key = authority.issue(PAGES_NAME, dns=(PAGES_NAME,))
        files = self.FILES

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                file, kind = files.get(self.path, (None, None))
                content = file.read_bytes() if file else b""
                self.send_response(200 if file else 404)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.origin = f"https://{PAGES_NAME}:{port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Browser:
    """One Chromium with a HOME of its own, which trusts the test's authority."""

    def __init__(self, folder: Path, authority: Path) -> None:
        if not (INSTALLED / "jssip.js").exists():
            raise AssertionError(f"{INSTALLED} does not hold what the pages need: run tests/browsers/install")
        store = folder / ".pki/nssdb"
        store.mkdir(parents=True)
        for arguments in (("-N", "--empty-password"), ("-A", "-t", "C,,", "-n", "test", "-i", str(authority))):
            subprocess.run(["certutil", "-d", f"sql:{store}", *arguments], check=True, capture_output=True)
        environment = {**os.environ, "HOME": str(folder)}
        self._said = ""
        self._process = subprocess.Popen(["node", str(HERE / "driver.mjs"), str(INSTALLED), str(folder / "profile")],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                         text=True, env=environment, cwd=folder)
        self._answers: dict = {}
        self._ready: queue.SimpleQueue = queue.SimpleQueue()
        self._lock, self._serial = threading.Lock(), 0
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._listen, daemon=True).start()
        try:
            self._ready.get(timeout=patience(30))
        except queue.Empty:
            self.close()
            raise AssertionError(f"Chromium did not start:\n{self.said}") from None

    @property
    def said(self) -> str:
        """What the pages and the driver have said."""
        return self._said

    def _listen(self) -> None:
        for line in self._process.stderr:
            self._said += line

    def _read(self) -> None:
        for line in self._process.stdout:
            told = json.loads(line)
            (self._ready if told.get("ready") else self._answers[told["id"]]).put(told)

    def asks(self, timeout: float = 20, **what):
        """Tells the driver, and waits for its answer."""
        with self._lock:
            self._serial += 1
            number, answer = self._serial, queue.SimpleQueue()
            self._answers[number] = answer
            self._process.stdin.write(json.dumps({"id": number, **what}) + "\n")
            self._process.stdin.flush()
        try:
            told = answer.get(timeout=patience(timeout))
        except queue.Empty:
            raise AssertionError(f"nothing within {timeout} s: {what}\n{self.said[-8000:]}") from None
        if "error" in told:
            raise AssertionError(f"{what}: {told['error']}\n{self.said[-8000:]}")
        return told["value"]

    def close(self) -> None:
        self._process.stdin.close()   # which ends the driver, and with it Chromium
        try:
            self._process.wait(patience(10))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            stream.close()


class Page:
    """A phone in a page; its functions are those of page/phone.js."""

    def __init__(self, browser: Browser, name: str, url: str) -> None:
        """Opens the page."""
        self._browser, self.name = browser, name
        browser.asks(open=name, url=url)

    def does(self, function: str, *values, timeout: float = 20):
        return self._browser.asks(page=self.name, call=function, timeout=timeout, **{"with": values})

    def waits(self, event: str, timeout: float = 20):
        return self.does("waits", event, timeout=timeout)

    @property
    def descriptions(self) -> list:
        """Session descriptions that came from the other side."""
        return self.does("received")
