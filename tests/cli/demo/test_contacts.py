from __future__ import annotations

import socket

from zdr_router.cli.demo.contacts import Contacts


def test_connections_and_look_ups_are_noted_while_the_block_is_open():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with Contacts() as contacts, socket.create_connection(server.getsockname()):
            pass
        noted = list(contacts.hosts)
        with socket.create_connection(server.getsockname()):
            pass
    assert noted == ["127.0.0.1", "127.0.0.1"]
    assert contacts.hosts == noted
    assert contacts.beyond == ()


def test_a_host_beyond_this_machine_is_named_once():
    # A datagram socket takes an address without sending anything; 192.0.2.0/24 is nobody's.
    with Contacts() as contacts:
        for _ in range(2):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
                try:
                    datagrams.connect(("192.0.2.1", 443))
                except OSError:
                    continue  # a machine without any route; the attempt counts all the same
    assert contacts.beyond == ("192.0.2.1",)
