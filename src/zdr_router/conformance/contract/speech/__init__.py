"""What a server of each wire format answers, as its provider documents it: whole, and as a stream."""
