"""A certificate authority for one test run, and certificates of it, made with the openssl command line."""

import subprocess
from pathlib import Path

NAMES = ("example.org", "sip.example.org", "localhost")


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)


class Authority:
    """`ca.pem` with its key in `folder`; P-256, valid for some days only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "7",
                 "-subj", "/CN=Test CA", "-keyout", str(self._key), "-out", str(self.certificate),
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name: str, dns=NAMES, addresses=("127.0.0.1",), uris=(), days: int = 7) -> tuple:
        """A certificate for these names, good for that long; negative `days`: it has expired. Returns (certificate chain,
        private key)."""
        chain, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        names = ",".join([f"DNS:{n}" for n in dns] + [f"IP:{a}" for a in addresses] + [f"URI:{u}" for u in uris])
        alternatives = f"subjectAltName={names}\n" if names else ""
        extensions.write_text(f"{alternatives}basicConstraints=CA:FALSE\n"
                              "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", str(key), "-out", str(request))
        _openssl("x509", "-req", "-in", str(request), "-CA", str(self.certificate), "-CAkey", str(self._key),
                 "-CAcreateserial", "-days", str(days), "-extfile", str(extensions), "-out", str(chain))
        return chain, key
