// Package config owns the settings: which environment variables there are, what
// each accepts, and what to tell an operator whose setting is wrong. It reads the
// environment that it is given, never the process's own, and does no I/O: a
// setting that names a secret or a table is only checked for form.
//
// Settings come in groups, so that each function loads only what it needs. All
// problems of all groups are reported together.
package config

import (
	"fmt"
	"slices"
	"strings"
)

// Group is a set of settings that are loaded together. The groups are pointers to
// this package's structs.
type Group interface {
	load(*reader)
}

// Load reads the groups from environ, in which an empty value counts as unset.
// Its error is an [*Error] with every problem of every group.
func Load(environ map[string]string, groups ...Group) error {
	r := &reader{environ: environ}
	for _, group := range groups {
		group.load(r)
	}
	if len(r.problems) == 0 {
		return nil
	}
	return &Error{Problems: r.problems}
}

// Check reads every group, to find problems before anything starts. Its error is
// that of [Load].
func Check(environ map[string]string) error {
	return Load(environ, &Table{}, &Tokens{}, &Provider{}, &Launch{}, &Manifest{}, &Origin{}, &Secret{Needs: allParts})
}

// Environ turns a list of "NAME=value", as from os.Environ, into a map.
func Environ(list []string) map[string]string {
	environ := make(map[string]string, len(list))
	for _, entry := range list {
		if name, value, found := strings.Cut(entry, "="); found {
			environ[name] = value
		}
	}
	return environ
}

// Problem is one wrong setting. No field contains the setting's value.
type Problem struct {
	// Variable is the name, or several names with ", " between them.
	Variable string
	// Wrong continues a sentence that begins with the name.
	Wrong string
	Fix   string // what to do
}

// String returns the problem in one line.
func (p Problem) String() string { return p.Variable + " " + p.Wrong + ": " + p.Fix }

// Error holds all problems of the settings.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// reader reads variables and collects their problems.
type reader struct {
	environ  map[string]string
	problems []Problem
}

// problem records a problem. Groups that share a variable find the same problem
// twice; it is reported once.
func (r *reader) problem(variable, fix, wrong string, args ...any) {
	found := Problem{Variable: variable, Wrong: fmt.Sprintf(wrong, args...), Fix: fix}
	if !slices.Contains(r.problems, found) {
		r.problems = append(r.problems, found)
	}
}

// required returns the value, and records a problem if it is unset.
func (r *reader) required(variable, fix string) string {
	value := r.environ[variable]
	if value == "" {
		r.problem(variable, fix, "is not set")
	}
	return value
}

// onAWS reports whether this is a Lambda function on AWS, not in a local simulation.
func (r *reader) onAWS() bool {
	lambda := r.environ["AWS_LAMBDA_FUNCTION_NAME"] != "" || r.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] != ""
	return lambda && !r.samLocal()
}

// samLocal reports whether the SAM CLI or the local stack runs this function.
func (r *reader) samLocal() bool { return r.environ["AWS_SAM_LOCAL"] == "true" }
