-- Records of idempotent operations. Times are microseconds since 1970, to be read as
-- datetime(expires / 1e6, 'unixepoch'); a row that has expired counts as absent.
CREATE TABLE IF NOT EXISTS {table} (
	id          BLOB    NOT NULL PRIMARY KEY,
	state       TEXT    NOT NULL, -- pending, done or unknown
	owner       BLOB    NOT NULL,
	fence       INTEGER NOT NULL,
	attempt     INTEGER NOT NULL,
	fingerprint BLOB    NOT NULL DEFAULT x'',
	record      BLOB    NOT NULL DEFAULT x'',
	reason      TEXT    NOT NULL DEFAULT '',
	since       INTEGER NOT NULL, -- claimed or, once done, completed
	lease_end   INTEGER NOT NULL,
	ttl         INTEGER NOT NULL, -- as claimed
	expires     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS {index} ON {bare} (expires);
