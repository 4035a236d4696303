"""Hands every frame of a bridge back to it: later, in another order, or twice. What netem does, for kernels without it.

    packet-relay.py INTERFACE SEED

Makes the TAP interface INTERFACE, to be a port of a bridge; frames that arrive at its other ports are to be sent out of here first. Each line of standard input is a JSON list of rules and replaces those before; the first that fits a frame is followed:

    {"from": [MAC…], "to": [MAC…],     whom it is for; anybody where left out
     "delayMs": 50, "jitterMs": 20,    later by 30 to 70 ms, evenly drawn
     "holdPercent": 5, "holdMs": 40,   so many of a hundred later by so much more: packets overtake them
     "duplicatePercent": 10}           so many of a hundred twice, each with a delay of its own

Rules are for UDP and TCP; all else, such as the search for neighbours, passes at once. Each line is answered by one, with what has
been done until then. It ends with its standard input.
"""

import fcntl
import heapq
import json
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_BYTES_MAX = 65_536
# Frames under way; beyond them the newest are lost, as in any queue.
WAITING_MAX = 200_000
# So many frames are read before those that are due leave.
BATCH = 64
IPV4, IPV6 = b"\x08\x00", b"\x86\xdd"
TCP_AND_UDP = (6, 17)


def open_tap(name):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return tap


def address(text):
    return bytes.fromhex(text.replace(":", ""))


class Rule:
    def __init__(self, rule):
        self.senders = {address(text) for text in rule.get("from", [])}
        self.receivers = {address(text) for text in rule.get("to", [])}
        self.delay, self.jitter = rule.get("delayMs", 0) / 1000, rule.get("jitterMs", 0) / 1000
        self.hold, self.held = rule.get("holdMs", 0) / 1000, rule.get("holdPercent", 0) / 100
        self.doubled = rule.get("duplicatePercent", 0) / 100

    def fits(self, frame):
        return (not self.senders or frame[6:12] in self.senders) and (
            not self.receivers or frame[0:6] in self.receivers
        )


class Relay:
    def __init__(self, tap, seed):
        self.tap = tap
        self.random = random.Random(seed)
        self.rules = []
        self.waiting = []
        self.counts = {"relayed": 0, "held": 0, "duplicated": 0, "lost": 0}

    def run(self):
        commands = b""
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            readable, _, _ = select.select([self.tap, 0], [], [], timeout)
            if 0 in readable:
                received = os.read(0, 65_536)
                if not received:
                    return
                *lines, commands = (commands + received).split(b"\n")
                for line in lines:
                    self.rules = [Rule(rule) for rule in json.loads(line)]
                    print(json.dumps(self.counts), flush=True)
            if self.tap in readable:
                self.receive()
            self.send_due()

    def receive(self):
        for _ in range(BATCH):
            try:
                self.schedule(os.read(self.tap, FRAME_BYTES_MAX))
            except BlockingIOError:
                return

    def schedule(self, frame):
        now = time.monotonic()
        rule = self.rule_for(frame)
        if rule is None:
            self.wait(now, frame)
            return
        copies = 1
        if self.random.random() < rule.doubled:
            copies = 2
            self.counts["duplicated"] += 1
        for _ in range(copies):
            delay = rule.delay + self.random.uniform(-rule.jitter, rule.jitter)
            if self.random.random() < rule.held:
                delay += rule.hold
                self.counts["held"] += 1
            self.wait(now + max(0.0, delay), frame)

    def rule_for(self, frame):
        kind = frame[12:14]
        protocol = frame[23] if kind == IPV4 and len(frame) > 23 else frame[20] if kind == IPV6 and len(frame) > 20 else 0
        if protocol not in TCP_AND_UDP:
            return None
        return next((rule for rule in self.rules if rule.fits(frame)), None)

    def wait(self, due, frame):
        self.counts["relayed"] += 1
        if len(self.waiting) >= WAITING_MAX:
            self.counts["lost"] += 1
            return
        # The count keeps frames of one moment in the order in which they came.
        heapq.heappush(self.waiting, (due, self.counts["relayed"], frame))

    def send_due(self):
        now = time.monotonic()
        while self.waiting and self.waiting[0][0] <= now:
            _, _, frame = heapq.heappop(self.waiting)
            try:
                os.write(self.tap, frame)
            except OSError:
                # The interface is not up yet, or its queue is full.
                self.counts["lost"] += 1


def main():
    tap = open_tap(sys.argv[1])
    print("ready", flush=True)
    Relay(tap, int(sys.argv[2])).run()


main()
