"""A mail server on the loopback, for tests of what Pawl sends."""
import contextlib
import os
import socketserver
import ssl
import subprocess
import threading


class MailServer:
    """Enough of SMTP: STARTTLS, AUTH PLAIN, and what was handed over."""

    def __init__(self, folder):
        self.certificate, key = os.path.join(folder, "mail.crt"), os.path.join(folder, "mail.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=DNS:localhost", "-keyout", key, "-out", self.certificate], capture_output=True, check=True)
        self.mails, self.log_ins, self.refuse, outer = [], [], "", self
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key)

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    self.talk()

            def talk(self):
                sock, secure, to = self.request, False, []
                file = sock.makefile("rb")
                sock.sendall(b"220 hello\r\n")
                while line := file.readline().decode().strip():
                    word = line.split(" ")[0].upper()
                    if word == "EHLO":
                        sock.sendall(b"250-here\r\n250 AUTH PLAIN\r\n" if secure else b"250-here\r\n250 STARTTLS\r\n")
                    elif word == "STARTTLS":
                        sock.sendall(b"220 go\r\n")
                        sock, secure = context.wrap_socket(sock, server_side=True), True
                        file = sock.makefile("rb")
                    elif word == "AUTH":
                        outer.log_ins.append(line)
                        sock.sendall(b"235 welcome\r\n")
                    elif word == "RCPT":
                        if outer.refuse and outer.refuse in line:
                            sock.sendall(b"550 nobody of that name\r\n")
                            continue
                        to.append(line[8:].strip("<>"))
                        sock.sendall(b"250 fine\r\n")
                    elif word == "DATA":
                        sock.sendall(b"354 go on\r\n")
                        text = b""
                        while not text.endswith(b"\r\n.\r\n"):
                            text += file.readline()
                        outer.mails.append((to, secure, text.decode()))
                        sock.sendall(b"250 taken\r\n")
                    elif word == "QUIT":
                        sock.sendall(b"221 bye\r\n")
                        return
                    else:
                        sock.sendall(b"250 fine\r\n")

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
