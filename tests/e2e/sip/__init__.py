"""A small SIP toolkit for tests: user agents on separate addresses that place and take calls, and record everything.

It follows RFC 3261 as far as a test needs it to be sure of what it saw: branches, tags, CSeq and route sets are right,
retransmissions are absorbed and not counted, an ACK goes where it belongs. It retransmits nothing itself, because
nothing gets lost on loopback.
"""
