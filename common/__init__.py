"""What every room may use and none of them owns: configuration files, back-off, catalogues, logs, media by hash."""
