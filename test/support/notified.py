# Stands in for the notify socket of systemd: prints each message, as JSON, on a line. Usage: notified.py PATH

import json
import socket
import sys

listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listening.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    # The descriptor of a barrier closes here, since nobody takes it; systemd-notify waits for that.
    message = listening.recv(65536).decode()
    if not message.startswith("BARRIER"):
        print(json.dumps(message), flush=True)
