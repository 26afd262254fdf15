-- Records of idempotent operations. Times are microseconds since 1970, to be read as
-- to_timestamp(expires / 1e6); a row that has expired counts as absent.
CREATE TABLE IF NOT EXISTS {table} (
	id          bytea    NOT NULL PRIMARY KEY,
	state       text     NOT NULL, -- pending, done or unknown
	owner       bytea    NOT NULL,
	fence       bigint   NOT NULL,
	attempt     bigint   NOT NULL,
	fingerprint bytea    NOT NULL DEFAULT '',
	record      bytea    NOT NULL DEFAULT '',
	reason      text     NOT NULL DEFAULT '',
	since       bigint   NOT NULL, -- claimed or, once done, completed
	lease_end   bigint   NOT NULL,
	ttl         bigint   NOT NULL, -- as claimed
	expires     bigint   NOT NULL
);
CREATE INDEX IF NOT EXISTS {index} ON {table} (expires);
