"""Ask pip-audit for known vulnerabilities in the pinned requirements, where its source can be reached."""

import subprocess
import sys

UNREACHED = (
    "ConnectionError",
    "Max retries",
    "ServiceError",
    "Connection refused",
    "Failed to establish",
    "ProxyError",
)


def main() -> int:
    """pip-audit's verdict; a sentence and 0 where its source is out of reach."""
    run = subprocess.run(
        [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "-r", "requirements.txt"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if run.returncode and any(word in run.stderr for word in UNREACHED):
        print("audit: the source of known vulnerabilities can't be reached from here; not checked")
        return 0
    print(run.stdout, run.stderr[-2000:], sep="")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
