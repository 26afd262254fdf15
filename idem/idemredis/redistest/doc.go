// Package redistest starts real Redis servers for tests: one server, a Cluster of three, or
// a master with a replica and Sentinels that watch it. They are processes of their own on
// free ports of 127.0.0.1, keep their files in temporary directories, and end with the
// test. Programs that are no tests open them ([Open], [OpenCluster], [OpenSentinel]) and
// close them.
//
// A machine without redis-server fails the test and says how to install it. Nothing is
// skipped: a store that is tested only where a server happens to be is not tested.
package redistest
