"""A small identity provider on the loopback, honest and dishonest: what it signs is what a test puts into it."""
import base64
import hashlib
import http.server
import json
import os
import subprocess
import threading
import time
import urllib.parse

SECRET = "the-client's-secret-91"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    """An RSA key of the provider; the openssl program signs."""

    def __init__(self, folder, name):
        self.name, self.path = name, os.path.join(folder, name + ".pem")
        subprocess.run(["openssl", "genrsa", "-out", self.path, "2048"], capture_output=True, check=True)
        said = subprocess.run(["openssl", "rsa", "-in", self.path, "-noout", "-modulus"], capture_output=True, text=True, check=True).stdout
        self.modulus = bytes.fromhex(said.strip().split("=")[1])

    def jwk(self):
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.name, "n": b64(self.modulus), "e": "AQAB"}

    def token(self, claims, header=None):
        text = b64(json.dumps(header or {"alg": "RS256", "kid": self.name}).encode()) + "." + b64(json.dumps(claims).encode())
        signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=text.encode(), capture_output=True, check=True).stdout
        return text + "." + b64(signed)


class Provider:
    """Discovery, keys, token and user facts. What it signs is what a test puts into `person`, `wrong` and `sign_with`."""

    def __init__(self, folder):
        self.key, self.stranger = Key(folder, "k1"), Key(folder, "k2")
        self.sign_with, self.person, self.wrong, self.header = self.key, {}, {}, None
        self.codes, self.asked, self.facts, self.moved = {}, [], {}, ""
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                provider.asked.append(self.path)
                provider.get(self)

            def do_POST(self):
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.reply(*provider.exchange(dict(urllib.parse.parse_qsl(body)), self.headers.get("authorization", "")))

            def reply(self, status, value, **headers):
                body = json.dumps(value).encode()
                self.send_response(status)
                for name, text in {"content-type": "application/json", "content-length": str(len(body)), **headers}.items():
                    self.send_header(name, text)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.issuer = f"http://127.0.0.1:{self.port}/realm"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, handler):
        if handler.path == "/realm/.well-known/openid-configuration":
            if self.moved:
                return handler.reply(302, {}, location=self.moved)
            return handler.reply(200, {"issuer": self.issuer, "authorization_endpoint": self.issuer + "/authorize", "token_endpoint": self.issuer + "/token",
                                       "jwks_uri": self.issuer + "/keys", "userinfo_endpoint": self.issuer + "/me"})
        if handler.path == "/realm/keys":
            return handler.reply(200, {"keys": [{"kty": "oct", "k": "AAAA"}, self.key.jwk()]})
        if handler.path == "/realm/me":
            known = handler.headers.get("authorization") == "Bearer access-token-77"
            return handler.reply(200 if known else 401, self.facts)
        return handler.reply(404, {})

    def allow(self, authorization_url):
        """What a person does there: logs in and is sent back. The query of the way back."""
        asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(authorization_url).query))
        code = os.urandom(8).hex()
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}, asked

    def exchange(self, form, authorization):
        wanted = self.codes.pop(form.get("code"), None)
        good = base64.b64encode(f"pawl:{urllib.parse.quote(SECRET, safe='')}".encode()).decode()
        if not wanted or authorization != "Basic " + good or form.get("redirect_uri") != wanted["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest()) != wanted["code_challenge"]:
            return 400, {"error": "invalid_grant", "error_description": "PKCE"}
        claims = {"iss": self.issuer, "aud": "pawl", "nonce": wanted["nonce"], "exp": int(time.time()) + 300, "iat": int(time.time()), **self.person, **self.wrong}
        return 200, {"id_token": self.sign_with.token(claims, self.header), "access_token": "access-token-77", "token_type": "Bearer"}
