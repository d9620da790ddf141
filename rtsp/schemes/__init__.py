"""How to open each kind of URL: one file a family, found by looking in this folder (`rtsp.source.source_catalog`)."""
