package site

// Kind is what the servers keep their records in.
type Kind string

// What a kind loses when its servers are killed is what Redis and PostgreSQL promise: nothing
// where it says that they write first. That holds for a killed process; nobody cuts the power.
const (
	Redis    Kind = "redis"     // one Redis without persistence
	RedisAOF Kind = "redis-aof" // one Redis that writes before it answers
	Sentinel Kind = "sentinel"  // a master and its replica without persistence, and three Sentinels
	Cluster  Kind = "cluster"   // three masters that write before they answer
	SQL      Kind = "sql"       // one PostgreSQL that writes before it answers
)
