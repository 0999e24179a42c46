-- Whom an account refuses without knowing who it is. The pseudonym is a keyed hash of the two accounts; its key is not in
-- the database, and nobody can go back from it.

CREATE TABLE blocked_caller (
    account   INTEGER NOT NULL REFERENCES account (id),
    pseudonym BLOB    NOT NULL CHECK (length(pseudonym) = 16),
    PRIMARY KEY (account, pseudonym)
) STRICT, WITHOUT ROWID;
