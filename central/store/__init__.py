"""What central remembers: tables, transactions and migrations."""

from central.store.migrate import SchemaMismatch, migrate, prepare
from central.store.store import Store, StoreUnavailable

__all__ = ["SchemaMismatch", "Store", "StoreUnavailable", "migrate", "prepare"]
