// Package config owns the settings: which environment variables there are,
// what each may hold, and what to tell an operator who set one wrong. It reads
// the environment that it is given, never the process's own, and opens
// nothing: a setting that names a secret or a table is only checked for form.
//
// Settings come in groups, so that each function asks for what it needs and no
// more. All problems of all groups are reported together.
package config

import (
	"fmt"
	"slices"
	"strings"
)

// Group is a set of settings that are loaded together: a pointer to one of
// this package's structs.
type Group interface {
	load(*reader)
}

// Load reads the groups from environ, in which an empty value counts as unset.
// Its error is an [*Error] that holds every problem of every group.
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

// Check reads every group there is, to find problems before anything starts.
func Check(environ map[string]string) error {
	return Load(environ, &Table{}, &Tokens{}, &Provider{}, &Launch{}, &Origin{}, &Secret{Needs: allParts})
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

// Problem is one setting that is wrong.
type Problem struct {
	// Variable is its name, or the names of those that are wrong together.
	Variable string
	// Wrong says what is wrong with it, Fix what to do.
	Wrong string
	Fix   string
}

// String is the problem in one line. It never holds the value of a secret.
func (p Problem) String() string { return p.Variable + " " + p.Wrong + ": " + p.Fix }

// Error is everything that is wrong with the settings.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// reader reads variables and collects what is wrong with them.
type reader struct {
	environ  map[string]string
	problems []Problem
}

// problem notes that variable is wrong. Groups that share a variable find the
// same problem twice; it is reported once.
func (r *reader) problem(variable, fix, wrong string, args ...any) {
	found := Problem{Variable: variable, Wrong: fmt.Sprintf(wrong, args...), Fix: fix}
	if !slices.Contains(r.problems, found) {
		r.problems = append(r.problems, found)
	}
}

// optional returns the value, "" if it is unset.
func (r *reader) optional(variable string) string { return r.environ[variable] }

// required returns the value, and notes if it is unset.
func (r *reader) required(variable, fix string) string {
	value := r.environ[variable]
	if value == "" {
		r.problem(variable, fix, "is not set")
	}
	return value
}

// onAWS reports whether this is a Lambda function in Amazon's cloud, and not
// in a simulation of it on somebody's machine.
func (r *reader) onAWS() bool {
	lambda := r.environ["AWS_LAMBDA_FUNCTION_NAME"] != "" || r.environ["AWS_LAMBDA_INITIALIZATION_TYPE"] != ""
	return lambda && !r.samLocal()
}

// samLocal reports whether the SAM CLI, or a local stack in its place, runs us.
func (r *reader) samLocal() bool { return r.environ["AWS_SAM_LOCAL"] == "true" }
