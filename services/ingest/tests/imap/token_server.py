"""A token server with rotation (RFC 6749 section 6), and the introspection Dovecot asks it for."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT = ("the-client", "the client's secret")


class TokenServer:
    """Each refresh token is good once. `lifetime` is what it says of access tokens, in seconds."""

    def __init__(self) -> None:
        self.valid_refresh: dict[str, str] = {}
        """Refresh tokens and whose they are."""
        self.valid_access: dict[str, str] = {}
        self.asked: list[str] = []
        """Refresh tokens shown, in order."""
        self.lifetime = 3600
        self._count = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self._answer(*outer._grant({name: values[0] for name, values in form.items()}))

            def do_GET(self) -> None:
                user = outer.valid_access.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
                self._answer(200 if user else 401, {"active": "yes", "user": user} if user else {"active": "no"})

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _grant(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if (form.get("client_id"), form.get("client_secret")) != CLIENT or form["grant_type"] != "refresh_token":
            return 401, {"error": "invalid_client"}
        self.asked.append(form["refresh_token"])
        user = self.valid_refresh.pop(form["refresh_token"], None)
        if user is None:
            return 400, {"error": "invalid_grant", "error_description": f"dead: {form['refresh_token']}"}
        self._count += 1
        access, refresh = f"access-{self._count}", f"rotated-{self._count}"
        self.valid_access[access] = user
        self.valid_refresh[refresh] = user
        granted = {"access_token": access, "token_type": "Bearer", "expires_in": self.lifetime}
        return 200, {**granted, "refresh_token": refresh}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
