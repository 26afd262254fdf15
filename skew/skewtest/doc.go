// Package skewtest helps to test code that depends on clocks: a [Machine] whose clocks can
// be stepped, suspended and made to drift, a [Source] that says what it is told to, and an
// NTP server that answers by script ([NewServer]). In a bubble of testing/synctest a machine
// lives through a week in no time; the server is a real socket and belongs outside of it.
package skewtest
