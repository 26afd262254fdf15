// Package eventlog writes what goaround does to a [log/slog.Logger]. It needs nothing of
// OpenTelemetry, and works beside it:
//
//	rt := transport.New(nil, eventlog.Transport(logger), goaroundotel.Transport())
//
// One function for each package gives the option that it takes:
//
//	Transport    transport.New    retries, calls that are given up, broken downloads
//	Server       server.New       answers other than that of a first run
//	Admission    server.Admission requests that are turned away
//	Guard        idem.NewGuard    ends of claims that the store did not take, keys of others
//	Slots        slot.NewQueue    modes of targets, and outages of the store
//
// A skew.Clock has an option of its own for it, skew.WithLogger.
//
// What belongs to normal work is logged at slog.LevelDebug: retries, replays, refusals by
// Admission. What somebody should know is logged at slog.LevelWarn: a call that was given up,
// an outcome that is not known, a store that cannot be asked. That an operation was run twice
// is a slog.LevelError. Success is not logged. An event below the logger's level costs a call
// of Enabled and no allocation.
//
// Keys are never written, nor the URLs that errors bring along. An operation has the field id,
// the first 16 digits of its idem.ID, which is a hash; a call whose key was put into its context
// by idem.WithKey has key_hash, the first 16 digits of the key's SHA-256.
package eventlog
