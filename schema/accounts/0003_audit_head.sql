-- The last entry of the audit log, noted where whoever changes the log must change it too. It names nobody.

CREATE TABLE audit_head (
    id       INTEGER PRIMARY KEY CHECK (id = 0),              -- one row
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    hash     BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

INSERT INTO audit_head VALUES (0, 0, zeroblob(32));
