// Package report shows outcomes of a herd: as a table for people, as CSV, Markdown and
// JSON, and as plots.
package report
