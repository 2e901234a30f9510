"""Exit with 0 when the web server of this container answers, under the name it goes by."""

import os
import sys
import urllib.error
import urllib.request
from urllib.parse import urlsplit

ADDRESS = "http://127.0.0.1:8000/healthz"


def main() -> int:
    """Ask once; another host name than our own would be refused."""
    name = urlsplit(os.environ.get("PUBLIC_URL", ADDRESS)).netloc
    request = urllib.request.Request(ADDRESS, headers={"Host": name})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=4):
            return 0
    except (OSError, urllib.error.URLError) as error:
        sys.stderr.write(f"{ADDRESS}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
