#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`./dev run`: a demo account full of generated mail, served on this machine.

Makes DIR (./demo) with an account and a few hundred messages in several mailboxes, serves IMAP, IMAPS
and LMTP on loopback, says how to connect, and delivers a message every minute so that the push
can be watched. Run again it goes on with the same DIR. Ctrl-C ends it.
"""

import argparse
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ACCOUNT = "demo"
PASSWORD = "roost"
MAILBOXES = {"INBOX": 240, "Archive": 120, "Sent": 60, "Work/Projects": 80, "Lists/imap": 150, "Junk": 40}


def run(command, **kwargs):
    return subprocess.run([str(part) for part in command], check=True, **kwargs)


def free_port(wanted):
    """The wanted port when nobody has it, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise SystemExit("no free port on 127.0.0.1")


def mail(tools, seed, count):
    return run([tools / "roost-mailgen", "--count", count, "--seed", seed, "--max-octets", "400000", "--stdout"],
               stdout=subprocess.PIPE).stdout


def prepare(roost, tools, home):
    """The DIR with its account and mail; a start that was interrupted is done again from the beginning."""
    if (home / "demo-ready").exists():
        return
    if home.exists() and any(home.iterdir()):
        raise SystemExit(f"{home} is there but not complete: remove it and start again")
    print("making the demo account ...", flush=True)
    run([roost, "init", home], stdout=subprocess.DEVNULL)
    config = home / "roost.conf"
    run([roost, "account", "add", ACCOUNT, "--password-stdin", "-c", config], input=f"{PASSWORD}\n", text=True)
    for seed, (mailbox, count) in enumerate(MAILBOXES.items(), 1):
        source = home / "tmp" / "demo.mbox"
        source.write_bytes(mail(tools, seed, count))
        run([roost, "import", ACCOUNT, "--mailbox", mailbox, source, "-c", config], stdout=subprocess.DEVNULL)
        source.unlink()
    (home / "demo-ready").touch()


def say_how(ports, home, roost):
    imap, imaps = ports["imap"], ports["imaps"]
    print(f"""
Roost serves the demo account on this machine.

  account   {ACCOUNT}
  password  {PASSWORD}
  IMAP      127.0.0.1:{imap}   (STARTTLS; plain passwords are taken from this machine)
  IMAPS     127.0.0.1:{imaps}   (self-signed certificate: {home}/cert.pem)
  LMTP      127.0.0.1:{ports["lmtp"]}

Read a message with curl:
  curl -s 'imap://127.0.0.1:{imap}/INBOX;MAILINDEX=1' -u {ACCOUNT}:{PASSWORD}
Thunderbird: new account, server 127.0.0.1, IMAP port {imap}, no encryption, normal password
Synchronize with mbsync (Debian's isync): paste these lines into a shell, again for what is new

mkdir -p "{home}/mbsync/mail" && cat >"{home}/mbsync/rc" <<'END'
IMAPAccount demo
Host 127.0.0.1
Port {imap}
User {ACCOUNT}
Pass {PASSWORD}
SSLType None
AuthMechs LOGIN

IMAPStore demo-far
Account demo

MaildirStore demo-near
Path "{home}/mbsync/mail/"
Inbox "{home}/mbsync/mail/INBOX"
SubFolders Verbatim

Channel demo
Far :demo-far:
Near :demo-near:
Patterns *
Create Both
Expunge Both
SyncState *
END
mbsync -c "{home}/mbsync/rc" demo

Who is connected:   "{roost}" sessions -c "{home}/roost.conf"
A message arrives every minute. Ctrl-C ends it.
""", flush=True)


def deliver(port, text):
    """One message to the account, by LMTP."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
        stream = link.makefile("rwb")

        def reply():
            while True:
                line = stream.readline()
                if line[3:4] != b"-":
                    return line

        reply()
        body = text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n").replace(b"\r\n.", b"\r\n..")
        for command in (b"LHLO demo", b"MAIL FROM:<generator@example.org>",
                        f"RCPT TO:<{ACCOUNT}@localhost>".encode(), b"DATA", body + b"\r\n.", b"QUIT"):
            stream.write(command + b"\r\n")
            stream.flush()
            answer = reply()
            if answer[:1] not in b"23":
                raise RuntimeError(answer.decode(errors="replace").strip())


def serve(roost, tools, home, every_s):
    listen = {"imap": free_port(1143), "imaps": free_port(1993), "lmtp": free_port(1024)}
    options = [part for name, port in listen.items() for part in ("-o", f"{name}.listen=127.0.0.1:{port}")]
    server = subprocess.Popen([str(roost), "serve", "-c", str(home / "roost.conf"), *options],
                              stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        for line in server.stdout:
            if line.strip() == "ready":
                break
        else:
            raise SystemExit(server.wait() or 1)
        say_how(listen, home, roost)
        seed = int(time.time())
        while server.poll() is None:
            time.sleep(every_s)
            seed += 1
            message = mail(tools, seed, 1).split(b"\n", 1)[1]  # without the mbox separator
            deliver(listen["lmtp"], message)
            print(f"{time.strftime('%H:%M:%S')} delivered a message to INBOX", flush=True)
        return server.returncode
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, required=True, help="build folder")
    parser.add_argument("--dir", type=Path, default=ROOT / "demo", help="where the demo lives (./demo)")
    parser.add_argument("--every", type=float, default=60, metavar="SECONDS", help="between messages (60)")
    args = parser.parse_args()
    roost = args.build.resolve() / "src" / "cli" / "roost"
    tools = args.build.resolve() / "bench"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        prepare(roost, tools, args.dir.resolve())
        return serve(roost, tools, args.dir.resolve(), args.every)
    except KeyboardInterrupt:
        print("\nended")
        return 0


if __name__ == "__main__":
    sys.exit(main())
