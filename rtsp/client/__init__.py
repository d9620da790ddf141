"""An RTSP client for H.264 and H.265 inside the connection, which never waits: one thread reads all cameras (0109)."""
