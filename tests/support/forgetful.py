# SPDX-License-Identifier: MIT
"""Networks that forget, for tests: a server, clients in several networks, and a router between
them that forgets connections which were silent for some time.

Two routers of the same behaviour. `OurRouter` forwards packets between two TUN devices, one in the
server's network namespace and one in the clients'. `KernelRouter` is a namespace of its own with
veth pairs to both and the kernel's connection tracking (nftables). Both need root; `why_not` says what
is missing.

The clients' networks are 10.77.N.0/24, the server is 10.77.0.1.
"""

import ctypes
import fcntl
import os
import re
import select
import shutil
import socket
import struct
import subprocess
import threading
import time

SERVER = "10.77.0.1"
ROUTER = "10.77.0.254"
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x0001 | 0x1000
FIN, SYN, RST, ACK = 1, 2, 4, 16


def client_address(network):
    return f"10.77.{network}.2"


def sh(*args, check=True, input=None):
    done = subprocess.run(args, capture_output=True, text=True, input=input)
    if check and done.returncode != 0:
        raise AssertionError(f"{' '.join(args)}: {done.stderr}")
    return done


def in_namespace(name, function):
    """Runs function in a network namespace; sockets it makes stay there."""
    result = []

    def body():
        try:
            with open(f"/var/run/netns/{name}") as ns:
                if ctypes.CDLL(None, use_errno=True).setns(ns.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            result.append((True, function()))
        except BaseException as failure:  # noqa: BLE001 - told to the caller
            result.append((False, failure))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    good, value = result[0]
    if not good:
        raise value
    return value


def sweep():
    """Removes namespaces of test runs that were killed before they could do so themselves."""
    for line in sh("ip", "netns", "list", check=False).stdout.splitlines():
        found = re.match(r"roost-(\d+)-", line)
        if found and not os.path.exists(f"/proc/{found.group(1)}"):
            sh("ip", "netns", "del", line.split()[0], check=False)


def why_not(kind):
    """Why this kind of router cannot be had here, or None: one is made and taken down again."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("ip") is None:
        return "needs ip (package iproute2)"
    if kind == "tun" and not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return "needs /dev/net/tun"
    if kind == "kernel" and shutil.which("nft") is None:
        return "needs nft (package nftables)"
    sweep()
    try:
        Namespaces("try").close()
    except (AssertionError, OSError) as failure:
        return f"network namespaces cannot be made here ({one_line(failure)})"
    try:
        ROUTERS[kind]({1: (1, "drop")}, 1).close()
    except (AssertionError, OSError) as failure:
        return f"the kernel lacks what it needs ({one_line(failure)})"
    return None


def one_line(failure):
    return " ".join(str(failure).split())[:200]


def nft_rules(networks):
    """networks: N -> (seconds until forgotten, "drop" or "reset" or "unreachable")."""
    timeouts = marks = ends = ""
    answers = {"reset": "reject with tcp reset", "unreachable": "reject with icmp type host-unreachable",
               "drop": "drop"}
    for number, (seconds, answer) in networks.items():
        timeouts += (f"ct timeout n{number} {{\n protocol tcp\n l3proto ip\n"
                     f" policy = {{ established : {seconds} }}\n}}\n")
        marks += f' ip saddr 10.77.{number}.0/24 ct state new ct timeout set "n{number}"\n'
        ends += f" ip daddr 10.77.{number}.0/24 {answers[answer]}\n"
    return (f"table ip roost {{\n{timeouts}"
            f"chain in {{\n type filter hook prerouting priority 0\n{marks}}}\n"
            "chain through {\n type filter hook forward priority 0; policy drop;\n"
            " ct state established accept\n tcp flags & (syn|ack) == syn ct state new accept\n"
            f"{ends}}}\n}}\n")


class Namespaces:
    """Those of one world; removed with everything in them."""

    def __init__(self, *kinds):
        self.names = {kind: f"roost-{os.getpid()}-{id(self) & 0xffff:x}-{kind}" for kind in kinds}
        try:
            for name in self.names.values():
                sh("ip", "netns", "add", name)
                sh("ip", "-n", name, "link", "set", "lo", "up")
        except BaseException:
            self.close()
            raise

    def ip(self, kind, *args):
        sh("ip", "-n", self.names[kind], *args)

    def close(self):
        for name in self.names.values():
            sh("ip", "netns", "del", name, check=False)


class KernelRouter:
    def __init__(self, networks, count):
        self.spaces = Namespaces("server", "client", "router")
        try:
            self._connect(count)
            self._forget(networks)
        except BaseException:
            self.close()
            raise

    def _connect(self, count):
        s = self.spaces
        for kind, inside in (("server", "rs"), ("client", "rc")):
            s.ip(kind, "link", "add", "eth0", "type", "veth", "peer", "name", inside,
                 "netns", s.names["router"])
            s.ip(kind, "link", "set", "eth0", "up")
            s.ip("router", "link", "set", inside, "up")
        s.ip("server", "addr", "add", f"{SERVER}/24", "dev", "eth0")
        s.ip("router", "addr", "add", f"{ROUTER}/24", "dev", "rs")
        s.ip("server", "route", "add", "default", "via", ROUTER)
        for number in range(1, count + 1):
            s.ip("client", "addr", "add", f"{client_address(number)}/24", "dev", "eth0")
            s.ip("router", "addr", "add", f"10.77.{number}.1/24", "dev", "rc")
        s.ip("client", "route", "add", "default", "via", "10.77.1.1")
        sh("ip", "netns", "exec", s.names["router"], "sh", "-c",
           "echo 1 >/proc/sys/net/ipv4/ip_forward")

    def _forget(self, networks):
        sh("ip", "netns", "exec", self.spaces.names["router"], "nft", "-f", "-", input=nft_rules(networks))

    def close(self):
        self.spaces.close()


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_packet(protocol, source, target, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, target)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


class OurRouter:
    """Forgets a connection after so many seconds without a packet of it, then drops what comes of it
    without a word, or answers as a network would."""

    def __init__(self, networks, count):
        self.networks = networks
        self.flows = {}
        self.spaces = Namespaces("server", "client")
        self.descriptors = []
        self.thread = None
        try:
            self.server = self._tun("server", [f"{SERVER}/24"])
            self.client = self._tun("client", [f"{client_address(n)}/24" for n in range(1, count + 1)])
            self.wake = os.pipe()
            self.descriptors += self.wake
            self.thread = threading.Thread(target=self._run)
            self.thread.start()
        except BaseException:
            self.close()
            raise

    def _tun(self, kind, addresses):
        def make():
            fd = os.open("/dev/net/tun", os.O_RDWR)
            self.descriptors.append(fd)
            fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", b"tun0", IFF_TUN_NO_PI))
            return fd

        fd = in_namespace(self.spaces.names[kind], make)
        for address in addresses:
            self.spaces.ip(kind, "addr", "add", address, "dev", "tun0")
        self.spaces.ip(kind, "link", "set", "tun0", "up")
        self.spaces.ip(kind, "route", "add", "default", "dev", "tun0")
        return fd

    def _run(self):
        while True:
            ready, _, _ = select.select([self.server, self.client, self.wake[0]], [], [])
            if self.wake[0] in ready:
                return
            for fd in ready:
                packet = os.read(fd, 65536)
                if packet[0] >> 4 == 4 and packet[9] == socket.IPPROTO_TCP:
                    self._tcp(packet, fd == self.client)

    def _tcp(self, packet, from_client):
        header = (packet[0] & 15) * 4
        source, target = packet[12:16], packet[16:20]
        source_port, target_port, _, _, _, flags = struct.unpack("!HHIIBB", packet[header:header + 14])
        flow = (source, source_port) if from_client else (target, target_port)
        seconds, answer = self.networks.get(flow[0][2], (None, "drop"))
        now = time.monotonic()
        last = self.flows.get(flow)
        opens = from_client and flags & (SYN | ACK) == SYN
        if opens or (last is not None and (seconds is None or now - last < seconds)):
            self.flows[flow] = now
            os.write(self.server if from_client else self.client, packet)
            return
        self.flows.pop(flow, None)
        back = self.client if from_client else self.server
        if answer == "reset" and not flags & RST:
            os.write(back, self._reset(packet, header))
        elif answer == "unreachable" and not from_client:
            body = packet[:header + 8]
            icmp = struct.pack("!BBHI", 3, 1, 0, 0) + body
            icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
            os.write(back, ip_packet(socket.IPPROTO_ICMP, socket.inet_aton(ROUTER), source, icmp))

    @staticmethod
    def _reset(packet, header):
        source, target = packet[12:16], packet[16:20]
        ports_from, ports_to, _, ack = struct.unpack("!HHII", packet[header:header + 12])
        tcp = struct.pack("!HHIIBBHHH", ports_to, ports_from, ack, 0, 5 << 4, RST, 0, 0, 0)
        pseudo = target + source + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        return ip_packet(socket.IPPROTO_TCP, target, source, tcp)

    def close(self):
        if self.thread is not None:
            os.write(self.wake[1], b"x")
            self.thread.join()
        for fd in self.descriptors:
            os.close(fd)
        self.spaces.close()


ROUTERS = {"tun": OurRouter, "kernel": KernelRouter}


def connect_from(router, network, port, timeout=30):
    """A TCP connection to the server from a client's network."""

    def make():
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.bind((client_address(network), 0))
        sock.settimeout(timeout)
        sock.connect((SERVER, port))
        return sock

    return in_namespace(router.spaces.names["client"], make)
