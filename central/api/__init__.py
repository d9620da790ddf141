"""The HTTP interface: `/api/v1`, as the contract has it."""
