-- Calls that are billed, and nothing else. What names a person, a number or a time is sealed under KDF(period key, subject
-- key); the keys are in the key store, outside this file. Every column is declared in purposes.yaml.

CREATE TABLE open_call (                                  -- a call that runs
    dialog  BLOB    NOT NULL CHECK (length(dialog) = 16), -- keyed hash of the dialog's salt; its key is never on a disk
    period  INTEGER NOT NULL CHECK (period > 0),          -- random number of a period of the key store
    subject BLOB    NOT NULL CHECK (length(subject) = 8), -- pseudonym of the billed account in that period
    record  BLOB    NOT NULL,                             -- sealed: destination, begin, tariff, route
    alive   BLOB    NOT NULL,                             -- sealed: seconds from the begin to the last sign of life; empty: none yet
    PRIMARY KEY (dialog)
) STRICT, WITHOUT ROWID;

CREATE TABLE call (                                       -- a call that has ended
    period  INTEGER NOT NULL CHECK (period > 0),
    subject BLOB    NOT NULL CHECK (length(subject) = 8),
    id      BLOB    NOT NULL CHECK (length(id) = 8),      -- random: tells no order; the nonce of the sealing
    record  BLOB    NOT NULL,                             -- sealed: destination, begin, billable seconds, tariff, route
    PRIMARY KEY (period, subject, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (                                       -- a case for which some calls are kept longer
    id      INTEGER NOT NULL CHECK (id > 0),              -- random
    content BLOB    NOT NULL,                             -- sealed: kind, reference, basis, account, months, expiry, consents
    PRIMARY KEY (id)
) STRICT;

CREATE TABLE probe (                                      -- written to see whether the disk takes it
    id      INTEGER NOT NULL CHECK (id = 1),
    number  INTEGER NOT NULL,
    PRIMARY KEY (id)
) STRICT;

INSERT INTO probe (id, number) VALUES (1, 0);
