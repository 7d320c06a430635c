// Package version holds the version of the project, in the one place that the
// command, the events and the releases take it from.
package version

// Version is the semantic version (semver.org) of what is built from this code.
const Version = "0.2.0"
