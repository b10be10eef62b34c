"""What the Python tests share: the server as a process, and the clients that talk to it."""
