// Package idemseal encrypts what a store keeps, so that whoever can read the store's memory,
// files or backups cannot read responses.
//
//	store := idemseal.New(idemredis.New(client), idemseal.Key{ID: 2, Secret: secret})
//
// Records are sealed with AES-256-GCM. Each has a key of its own, derived from the secret
// and the record's ID with HKDF-SHA-256, so there is no limit to the number of records
// under one secret. ID, key number and fingerprint are authenticated: a record that is
// changed, or moved to another ID, is refused. [NewTx] does the same for records that are
// written in transactions.
//
// # What stays readable
//
// The fingerprint is a plain hash of the request, and the ID one of who asks for what under
// which key. Whoever reads the store can test guesses against them, which matters for requests
// that are nearly known, such as a form with one secret number in it. The length of a
// record is readable too, and so is the reason of an abandoned claim, because it is for
// operators: idem.Do puts the text of the operation's error there.
//
// Whoever can write to the store can remove a record, or put an older one of the same ID back.
//
// # Rotation
//
// Seal with the new key, and keep the old ones until their last record has expired: one
// lifetime of records (24 hours by default) after the last process has sealed with it.
//
//	idemseal.New(inner, newKey, idemseal.WithOldKey(oldKey))
//
// All processes must know the new key before one of them seals with it: first add it as
// an old one everywhere, then seal with it.
//
// # What cannot be opened
//
// An operation whose record cannot be opened is done all the same, and is never run
// again: [idem.ClaimResult] is Done, and its Unreadable matches [ErrKey] when the record
// was sealed with a key that is not given, [ErrTampered] when it was changed, or sealed
// with another secret under the same number, [ErrNotSealed] when it is not sealed at all.
// The server package answers with 409 response-not-stored. Records from before the
// sealing can be let in with [WithUnsealed].
package idemseal
