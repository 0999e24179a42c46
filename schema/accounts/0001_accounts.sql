-- Who may register and call. Every column is declared in purposes.yaml; the daemon does not start otherwise.

CREATE TABLE account (
    id                INTEGER PRIMARY KEY CHECK (id > 0),  -- drawn at random: tells neither order nor number of accounts
    algorithm         INTEGER NOT NULL CHECK (algorithm IN (0, 1)),      -- of the secret; 0: SHA-256, 1: MD5
    secret            BLOB    NOT NULL CHECK (length(secret) IN (16, 32)), -- H(user:realm:password), RFC 7616 3.4.2
    status            INTEGER NOT NULL DEFAULT 0 CHECK (status IN (0, 1)), -- 0: active, 1: suspended
    withhold_identity INTEGER NOT NULL DEFAULT 0 CHECK (withhold_identity IN (0, 1)),
    refuse_anonymous  INTEGER NOT NULL DEFAULT 0 CHECK (refuse_anonymous IN (0, 1)),
    relay_only        INTEGER NOT NULL DEFAULT 0 CHECK (relay_only IN (0, 1))
) STRICT;

CREATE TABLE address (
    user     TEXT    NOT NULL CHECK (length(user) > 0),
    domain   TEXT    NOT NULL CHECK (length(domain) > 0),
    account  INTEGER NOT NULL REFERENCES account (id),
    position INTEGER NOT NULL CHECK (position >= 0),       -- 0: the first address, whose parts are digest user and realm
    PRIMARY KEY (user, domain)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX address_of_account ON address (account, position);
