package idemsql

// The statements, in which {table}, {now} and the like are filled in once per store.
// $1 is the ID and $2 the owner throughout. A row that has expired counts as absent, but
// still knows the highest fence that its ID was given.

// wish is what a claim brings, and the time.
const wish = `SELECT {now} AS since, CAST($2 AS {bytes}) AS owner, CAST($3 AS {bytes}) AS fingerprint`

// acquirable says that the claim may have the row r. The wish is called excluded here,
// because that is its name where it conflicts with a row. $6 is TakeOver.
const acquirable = `(
	r.expires <= excluded.since
	OR r.state = 'pending' AND r.owner = excluded.owner
	OR $6 AND (r.state = 'unknown' OR r.state = 'pending' AND r.lease_end <= excluded.since)
		AND (r.fingerprint = excluded.fingerprint OR length(r.fingerprint) = 0 OR length(excluded.fingerprint) = 0)
)`

// look finds the row that the claim may not have, and changes and locks nothing.
func look(from string) string {
	return `
	SELECT
		CASE WHEN r.state = 'pending' AND r.lease_end <= excluded.since THEN 'unknown' ELSE r.state END,
		r.fence, r.attempt, r.fingerprint, r.record, excluded.since - r.since, r.lease_end - excluded.since
	FROM {table} AS r, ` + from + ` AS excluded
	WHERE r.id = $1 AND NOT ` + acquirable
}

// take gives the row to the claim, unless there is one that it may not have. $4 is the
// lease and $5 the lifetime.
func take(from string) string {
	return `
	INSERT INTO {table} AS r (id, state, owner, fence, attempt, fingerprint, since, lease_end, ttl, expires)
	SELECT $1, 'pending', owner, since, 1, fingerprint, since, since + $4, $5, since + $4 + $5
	FROM ` + from + `
	ON CONFLICT (id) DO UPDATE SET
		fence = CASE WHEN ` + again + ` THEN r.fence
			WHEN r.fence < excluded.fence THEN excluded.fence ELSE r.fence + 1 END,
		attempt = CASE WHEN r.expires <= excluded.since THEN 1
			WHEN ` + again + ` THEN r.attempt ELSE r.attempt + 1 END,
		fingerprint = CASE WHEN r.expires <= excluded.since OR length(r.fingerprint) = 0 THEN excluded.fingerprint
			ELSE r.fingerprint END,
		since = CASE WHEN ` + again + ` THEN r.since ELSE excluded.since END,
		state = excluded.state, owner = excluded.owner, record = excluded.record, reason = excluded.reason,
		lease_end = excluded.lease_end, ttl = excluded.ttl, expires = excluded.expires
	WHERE ` + acquirable + `
	RETURNING 'acquired', fence, attempt, fingerprint, record, 0, lease_end - since`
}

// again says that the row is the claim's already: its answer was lost.
const again = `r.expires > excluded.since AND r.state = 'pending' AND r.owner = excluded.owner`

// claimAtOnce looks and takes in one statement and, when there is nothing to take, without
// a write. It answers nothing at all when the row changed meanwhile, because the look sees
// the table as it was when the statement began and the insertion as it is.
var claimAtOnce = `
	WITH wish AS (` + wish + `),
	seen AS (` + look("wish") + `),
	taken AS (` + take("wish WHERE NOT EXISTS (SELECT 1 FROM seen)") + `)
	SELECT * FROM taken UNION ALL SELECT * FROM seen`

// claimInSteps is for a database that has one writer at a time: those who only look need
// not wait for it. Who has waited in vain looks again.
var claimInSteps = []string{look("(" + wish + ")"), take("(" + wish + ") WHERE true"), look("(" + wish + ")")}

const (
	// mine is the live row that an owner may still end.
	mine = `id = $1 AND owner = $2 AND expires > {now}`

	extendRow = `UPDATE {table} SET lease_end = {now} + $3, expires = {now} + $3 + ttl
		WHERE ` + mine + ` AND state = 'pending'`

	// completeRow also makes a row where there is none.
	completeRow = `
		INSERT INTO {table} AS r (id, state, owner, fence, attempt, fingerprint, record, since, lease_end, ttl, expires)
		SELECT $1, 'done', $2, $3, $4, $5, $6, now, 0, $7, now + $7 FROM (SELECT {now} AS now) AS clock WHERE true
		ON CONFLICT (id) DO UPDATE SET
			fence = CASE WHEN r.fence < excluded.fence THEN excluded.fence ELSE r.fence END,
			attempt = CASE WHEN r.expires <= excluded.since THEN excluded.attempt ELSE r.attempt END,
			state = excluded.state, owner = excluded.owner, fingerprint = excluded.fingerprint,
			record = excluded.record, reason = excluded.reason, since = excluded.since,
			lease_end = excluded.lease_end, ttl = excluded.ttl, expires = excluded.expires
		WHERE r.expires <= excluded.since OR r.owner = excluded.owner AND r.state IN ('pending', 'unknown')`

	// completeOwn does not: see Tx.
	completeOwn = `UPDATE {table} SET state = 'done', fingerprint = $3, record = $4, reason = '',
			since = {now}, lease_end = 0, ttl = $5, expires = {now} + $5
		WHERE ` + mine + ` AND state IN ('pending', 'unknown')`

	// releaseRow keeps the row as one that has expired, for its fence.
	releaseRow = `UPDATE {table} SET expires = 0 WHERE ` + mine + ` AND state = 'pending'`

	abandonRow = `UPDATE {table} SET state = 'unknown', reason = $3, expires = {now} + ttl
		WHERE ` + mine + ` AND state = 'pending'`

	// judgeRow is what a step that changed nothing looks at.
	judgeRow = `SELECT state, owner = $2 FROM {table} WHERE id = $1 AND expires > {now}`
)

const (
	// info is what an operator sees of the row r.
	info = `r.id, CASE WHEN r.state = 'pending' AND r.lease_end <= now THEN 'unknown' ELSE r.state END,
		r.fence, r.attempt, now - r.since, CASE WHEN r.state = 'pending' THEN r.lease_end - now ELSE 0 END,
		r.expires - now, length(r.fingerprint) + length(r.record), r.reason
		FROM {table} AS r, (SELECT {now} AS now) AS clock`

	getRow = `SELECT ` + info + ` WHERE r.id = $1 AND r.expires > now`

	// scanRows goes on behind the last ID seen.
	scanRows = `SELECT ` + info + ` WHERE r.id > $1 AND r.expires > now ORDER BY r.id LIMIT 500`

	unknown = `id = $1 AND expires > {now} AND (state = 'unknown' OR state = 'pending' AND lease_end <= {now})`

	resolveDone = `UPDATE {table} SET state = 'done', fingerprint = $2, record = $3, reason = '',
			since = {now}, lease_end = 0, ttl = $4, expires = {now} + $4
		WHERE ` + unknown

	resolveAbsent = `UPDATE {table} SET expires = 0 WHERE ` + unknown

	purgeRow = `DELETE FROM {table} WHERE id = $1`

	// sweepRows removes a batch. The time is asked for once, because an index serves only
	// a condition that stands still.
	sweepRows = `DELETE FROM {table} WHERE id IN (
		SELECT id FROM {table} WHERE expires <= (SELECT {now}) ORDER BY expires LIMIT {batch} {skip})`

	sweepBatch = 1000
)

const (
	makeVersions = `CREATE TABLE IF NOT EXISTS {versions} (version integer NOT NULL)`
	readVersion  = `SELECT coalesce(max(version), 0) FROM {versions}`
	noteVersion  = `INSERT INTO {versions} (version) VALUES ($1)`
)

// statements are the texts for one table of one database.
type statements struct {
	claim                                  []string
	extend, complete, completeOwn          string
	release, abandon, judge                string
	get, scan, purge, sweep                string
	resolveDone, resolveAbsent             string
	begin, schema                          []string
	makeVersions, readVersion, noteVersion string
}

func (d dialect) statements(t table) statements {
	one := func(s string) string { return d.text(t, s) }
	all := func(texts []string) (out []string) {
		for _, s := range texts {
			out = append(out, one(s))
		}
		return out
	}
	return statements{
		claim: all(d.claim), extend: one(extendRow), complete: one(completeRow), completeOwn: one(completeOwn),
		release: one(releaseRow), abandon: one(abandonRow), judge: one(judgeRow),
		get: one(getRow), scan: one(scanRows), purge: one(purgeRow), sweep: one(sweepRows),
		resolveDone: one(resolveDone), resolveAbsent: one(resolveAbsent),
		begin: all(d.begin), schema: d.schemaOf(t), makeVersions: one(makeVersions), readVersion: one(readVersion), noteVersion: one(noteVersion),
	}
}
